#include "layers/transformer_layer.h"

#include "layers/self_attention.h"

namespace mobileclip {

TransformerLayerWeights TransformerLayerWeights::read(const Scope& scope, size_t width,
                                                      size_t ffn) {
  const Scope attention = scope / "pre_norm_mha";
  const Scope feed_forward = scope / "pre_norm_ffn";
  TransformerLayerWeights out;
  out.norm_attention = LayerNormWeights::read(attention / 0, width);
  out.qkv = LinearWeights::read(attention / 1 / "qkv_proj", 3 * width, width);
  out.out = LinearWeights::read(attention / 1 / "out_proj", width, width);
  out.norm_ffn = LayerNormWeights::read(feed_forward / 0, width);
  out.fc1 = LinearWeights::read(feed_forward / 1, ffn, width);
  out.fc2 = LinearWeights::read(feed_forward / 4, width, ffn);
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
      causal_(causal) {}

void TransformerLayer::forward(const RunContext& context, float* x, size_t n, size_t tokens) const {
  ThreadPool& pool = context.pool;
  const size_t width = out_.n();
  const size_t hidden = fc1_.n();
  const size_t rows = n * tokens;
  float* norm = context.workspace.buffer(Workspace::kNorm, rows * width);
  float* qkv = context.workspace.buffer(Workspace::kQkv, rows * 3 * width);
  float* mixed = context.workspace.buffer(Workspace::kAttention, rows * width);
  float* inner = context.workspace.buffer(Workspace::kHidden, rows * hidden);
  const kernels::Epilogue add_to_x{.residual = x, .residual_stride = width};

  norm_attention_.forward(context, x, rows, norm);
  kernels::gemm(pool, norm, width, rows, qkv_, qkv, 3 * width);
  self_attention(context, qkv, n, tokens, width, head_dim_, causal_, mixed);
  kernels::gemm(pool, mixed, width, rows, out_, x, width, add_to_x);

  norm_ffn_.forward(context, x, rows, norm);
  kernels::gemm(pool, norm, width, rows, fc1_, inner, hidden,
                {.activation = kernels::Activation::kGelu});
  kernels::gemm(pool, inner, hidden, rows, fc2_, x, width, add_to_x);
}

}  // namespace mobileclip
