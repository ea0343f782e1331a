#include "layers/transformer_layer.h"

#include <algorithm>

#include "kernels/quick_gelu.h"
#include "layers/self_attention.h"

namespace mobileclip {

TransformerLayerWeights TransformerLayerWeights::read(const Scope& scope, size_t width, size_t ffn,
                                                      float eps, bool quick_gelu) {
  const Scope attention = scope / "pre_norm_mha";
  const Scope feed_forward = scope / "pre_norm_ffn";
  TransformerLayerWeights out;
  out.norm_attention = LayerNormWeights::read(attention / 0, width, eps);
  out.qkv = LinearWeights::read(attention / 1 / "qkv_proj", 3 * width, width);
  out.out = LinearWeights::read(attention / 1 / "out_proj", width, width);
  out.norm_ffn = LayerNormWeights::read(feed_forward / 0, width, eps);
  out.fc1 = LinearWeights::read(feed_forward / 1, ffn, width);
  out.fc2 = LinearWeights::read(feed_forward / 4, width, ffn);
  out.quick_gelu = quick_gelu;
  return out;
}

TransformerLayer::TransformerLayer(const TransformerLayerWeights& weights, size_t heads,
                                   bool causal, Foundry& foundry)
    : norm_attention_(weights.norm_attention, foundry),
      norm_ffn_(weights.norm_ffn, foundry),
      qkv_(pack_linear(foundry, weights.qkv)),
      out_(pack_linear(foundry, weights.out)),
      fc1_(pack_linear(foundry, weights.fc1)),
      fc2_(pack_linear(foundry, weights.fc2)),
      head_dim_(out_.n() / heads),
      causal_(causal),
      quick_gelu_(weights.quick_gelu) {}

void TransformerLayer::forward(const RunContext& context, float* x, size_t n, size_t tokens) const {
  forward(context, x, equal_spans(n, tokens));
}

void TransformerLayer::forward(const RunContext& context, float* x,
                               std::span<const RowSpan> items) const {
  const size_t width = out_.n();
  const size_t rows = total_rows(items);
  float* norm = context.workspace.buffer(Workspace::kNorm, rows * width);
  float* qkv = context.workspace.buffer(Workspace::kQkv, rows * 3 * width);
  float* mixed = context.workspace.buffer(Workspace::kAttention, rows * width);
  norm_attention_.forward(context, x, rows, norm);
  kernels::gemm(context.pool, norm, width, rows, qkv_, qkv, 3 * width);
  self_attention(context, qkv, items, width, head_dim_, causal_, mixed);
  kernels::gemm(context.pool, mixed, width, rows, out_, x, width,
                {.residual = x, .residual_stride = width});
  feed_forward(context, x, rows);
}

void TransformerLayer::feed_forward(const RunContext& context, float* x, size_t rows) const {
  const size_t width = out_.n();
  // Off the powers of two: the rows of a register tile would share a few cache sets.
  const size_t stride = fc1_.n() + 16;
  float* norm = context.workspace.buffer(Workspace::kNorm, rows * width);
  float* inner = context.workspace.buffer(Workspace::kHidden, rows * stride);
  norm_ffn_.forward(context, x, rows, norm);
  const auto activation = quick_gelu_ ? kernels::Activation::kNone : kernels::Activation::kGelu;
  kernels::gemm(context.pool, norm, width, rows, fc1_, inner, stride, {.activation = activation});
  if (quick_gelu_) {
    context.pool.parallel_for(
        rows, [&](size_t row, int) { kernels::quick_gelu(inner + row * stride, fc1_.n()); });
  }
  kernels::gemm(context.pool, inner, stride, rows, fc2_, x, width,
                {.residual = x, .residual_stride = width});
}

namespace {

/// The windows' rows of `from`, packed.
void gather(const float* from, size_t width, std::span<const RowSpan> items,
            std::span<const RowSpan> windows, float* to) {
  for (size_t i = 0; i < items.size(); ++i) {
    const size_t size = windows[i].count * width;
    to = std::copy_n(from + (items[i].first + windows[i].first) * width, size, to);
  }
}

}  // namespace

void TransformerLayer::forward_windows(const RunContext& context, const float* x,
                                       std::span<const RowSpan> items,
                                       std::span<const RowSpan> windows, float* out) const {
  const size_t width = out_.n();
  const size_t rows = total_rows(items);
  const size_t wanted = total_rows(windows);
  float* norm = context.workspace.buffer(Workspace::kNorm, rows * width);
  float* qkv = context.workspace.buffer(Workspace::kQkv, rows * 3 * width);
  float* mixed = context.workspace.buffer(Workspace::kAttention, rows * width);
  float* gathered = context.workspace.buffer(Workspace::kHidden, 2 * wanted * width);
  norm_attention_.forward(context, x, rows, norm);
  if (width % kernels::kStoredPanelWidth == 0) {
    // Keys and values of all rows, queries of the windows.
    kernels::gemm(context.pool, norm, width, rows, qkv_, qkv, 3 * width,
                  kernels::Columns{width, 3 * width});
    float* queries = gathered + wanted * width;
    gather(norm, width, items, windows, gathered);
    kernels::gemm(context.pool, gathered, width, wanted, qkv_, queries, width,
                  kernels::Columns{0, width});
    for (size_t i = 0; i < items.size(); ++i) {
      float* row = qkv + (items[i].first + windows[i].first) * 3 * width;
      for (size_t j = 0; j < windows[i].count; ++j, row += 3 * width, queries += width) {
        std::copy_n(queries, width, row);
      }
    }
  } else {
    kernels::gemm(context.pool, norm, width, rows, qkv_, qkv, 3 * width);
  }
  self_attention(context, qkv, items, windows, width, head_dim_, causal_, mixed);
  gather(mixed, width, items, windows, gathered);
  gather(x, width, items, windows, out);
  kernels::gemm(context.pool, gathered, width, wanted, out_, out, width,
                {.residual = out, .residual_stride = width});
  feed_forward(context, out, wanted);
}

}  // namespace mobileclip
