#include "layers/attention_block.h"

#include <fmt/core.h>

#include "layers/self_attention.h"

namespace mobileclip {
namespace {

constexpr size_t kHeadDim = 32;

/// A batch norm goes into the matrix; a layer norm cannot.
kernels::PackedMatrix pack_qkv(const AttentionBlockWeights& weights, Foundry& foundry) {
  if (!weights.norm) return pack_linear(foundry, weights.qkv);
  return pack_linear_after(foundry, *weights.norm, weights.qkv);
}

}  // namespace

AttentionBlockWeights AttentionBlockWeights::read(const Scope& scope, size_t channels,
                                                  size_t hidden, bool layer_norm) {
  AttentionBlockWeights out;
  out.path = scope.path();
  out.layer_scale_1 = scope.weight("layer_scale_1", {channels, 1, 1});
  out.layer_scale_2 = scope.weight("layer_scale_2", {channels, 1, 1});
  if (layer_norm) {
    out.layer_norm = LayerNormWeights::read(scope / "norm", channels);
  } else {
    out.norm = BatchNormWeights::read(scope / "norm", channels);
  }
  const Scope mixer = scope / "token_mixer";
  out.qkv = LinearWeights::read(mixer / "qkv", 3 * channels, channels, false);
  out.proj = LinearWeights::read(mixer / "proj", channels, channels);
  out.ffn = ConvFfnWeights::read(scope / "convffn", channels, hidden, 7, 7);
  return out;
}

AttentionBlock::AttentionBlock(const AttentionBlockWeights& weights, Foundry& foundry)
    : qkv_(pack_qkv(weights, foundry)),
      proj_(pack_linear_scaled(foundry, weights.proj, weights.layer_scale_1)),
      ffn_(weights.ffn, weights.layer_scale_2, foundry) {
  if (weights.layer_norm) {
    layer_norm_.emplace(*weights.layer_norm, foundry);
  } else {
    foundry.log(fmt::format("{}: norm + token_mixer.qkv -> linear {}x{}", weights.path, qkv_.n(),
                            qkv_.k()));
  }
  foundry.log(fmt::format("{}: token_mixer.proj * layer_scale_1 -> linear {}x{}", weights.path,
                          proj_.n(), proj_.k()));
}

void AttentionBlock::forward(const RunContext& context, Features& f) const {
  const size_t c = f.channels;
  const size_t rows = f.n * f.positions();
  float* qkv = context.workspace.buffer(Workspace::kQkv, rows * 3 * c);
  float* mixed = context.workspace.buffer(Workspace::kAttention, rows * c);
  const float* in = f.data;
  if (layer_norm_) {
    float* norm = context.workspace.buffer(Workspace::kNorm, rows * c);
    layer_norm_->forward(context, f.data, rows, norm);
    in = norm;
  }
  kernels::gemm(context.pool, in, c, rows, qkv_, qkv, 3 * c);
  self_attention(context, qkv, equal_spans(f.n, f.positions()), c, kHeadDim, false, mixed);
  kernels::gemm(context.pool, mixed, c, rows, proj_, f.data, c,
                {.residual = f.data, .residual_stride = c});
  ffn_.forward(context, f);
}

}  // namespace mobileclip
