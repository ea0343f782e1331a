#include "model/patch_vit.h"

#include <fmt/core.h>

#include <algorithm>
#include <utility>

#include "kernels/elementwise.h"
#include "reparam/values.h"

namespace mobileclip {

PatchVitWeights PatchVitWeights::read(const Scope& scope, const ModelConfig& config) {
  const VitConfig& vit = config.vit;
  const auto width = static_cast<size_t>(vit.width);
  const auto ffn = static_cast<size_t>(vit.ffn);
  const auto patch = static_cast<size_t>(vit.patch);
  const size_t grid = static_cast<size_t>(config.image_size) / patch;
  const size_t tokens = grid * grid + (vit.attention_pool ? 0 : 1);
  const Scope patches = scope / "patch_emb" / "proj";
  PatchVitWeights out;
  out.path = patches.path();
  out.patch_shape = {width, 3, patch, patch};
  out.patch_weight = patches.weight("weight", {width, 3, patch, patch});
  if (vit.patch_bias) out.patch_bias = patches.weight("bias", {width});
  if (!vit.attention_pool) out.class_token = scope.weight("cls_token", {1, 1, width});
  out.positions = (scope / "pos_embed" / "pos_embed").weight("pos_embed", {1, 1, tokens, width});
  if (vit.pre_norm) out.pre_norm = LayerNormWeights::read(scope / "pre_norm", width, vit.ln_eps);
  for (int i = 0; i < vit.layers; ++i) {
    out.layers.push_back(
        TransformerLayerWeights::read(scope / "transformer" / static_cast<size_t>(i), width, ffn,
                                      vit.ln_eps, vit.activation == ActivationKind::kQuickGelu));
  }
  out.norm = LayerNormWeights::read(scope / "post_transformer_norm", width, vit.ln_eps);
  if (vit.attention_pool) {
    out.pool = AttentionPoolWeights::read(scope / "attn_pool", width, ffn, vit.ln_eps);
  } else {
    out.projection = ProjectionWeights::read(scope / "classifier", width, config);
  }
  return out;
}

PatchVit::PatchVit(const PatchVitWeights& weights, const ModelConfig& config, BuildJobs& jobs)
    : image_size_(static_cast<size_t>(config.image_size)),
      width_(static_cast<size_t>(config.vit.width)),
      tokens_(weights.positions.shape[2]),
      has_class_token_(weights.class_token.has_value()) {
  const auto heads = static_cast<size_t>(config.vit.heads);
  jobs.add([&](Foundry& foundry) {
    patches_ = DenseConv(foundry, weights.path, weights.patch_shape, weights.patch_shape.kh, 0,
                         kernels::Activation::kNone, [&] {
                           FoldedConv conv{weights.patch_shape, load_values(weights.patch_weight),
                                           std::vector<double>(weights.patch_shape.out, 0.0)};
                           if (weights.patch_bias) conv.bias = load_values(*weights.patch_bias);
                           return conv;
                         });
  });
  layers_.resize(weights.layers.size());
  for (size_t i = 0; i < layers_.size(); ++i) {
    jobs.add([this, &weights, i, heads](Foundry& foundry) {
      layers_[i] = std::make_unique<TransformerLayer>(weights.layers[i], heads, false, foundry);
    });
  }
  jobs.add([&, heads](Foundry& foundry) {
    if (weights.class_token) class_token_ = foundry.floats(*weights.class_token);
    positions_ = foundry.floats(weights.positions);
    if (weights.pre_norm) pre_norm_ = std::make_unique<LayerNorm>(*weights.pre_norm, foundry);
    norm_ = std::make_unique<LayerNorm>(weights.norm, foundry);
    if (weights.projection) projection_ = pack(foundry, *weights.projection);
    if (weights.pool) pool_ = std::make_unique<AttentionPool>(*weights.pool, heads, foundry);
  });
}

void PatchVit::encode(const RunContext& context, const float* pixels, size_t n, float* out,
                      const Probe& probe) const {
  const size_t first = has_class_token_ ? 1 : 0;
  const size_t patches = tokens_ - first;
  float* rows = context.workspace.buffer(Workspace::kFeatures, n * tokens_ * width_);
  float* spare = context.workspace.buffer(Workspace::kSpare, n * tokens_ * width_);
  patches_.forward(context, pixels, n, image_size_, image_size_, spare);
  const size_t grid = patches_.out_extent(image_size_);
  if (probe) probe("patch_emb", {spare, rows, n, grid, grid, width_});

  for (size_t item = 0; item < n; ++item) {
    float* to = rows + item * tokens_ * width_;
    if (has_class_token_) kernels::add(class_token_.data(), positions_.data(), width_, to);
    kernels::add(spare + item * patches * width_, positions_.data() + first * width_,
                 patches * width_, to + first * width_);
  }
  if (pre_norm_) pre_norm_->forward(context, rows, n * tokens_, rows);
  for (size_t i = 0; i < layers_.size(); ++i) {
    layers_[i]->forward(context, rows, n, tokens_);
    if (probe) probe(fmt::format("transformer.{}", i), {rows, spare, n, tokens_, 1, width_});
  }
  if (pool_) {
    norm_->forward(context, rows, n * tokens_, rows);
    pool_->forward(context, rows, n, tokens_, out);
    return;
  }
  for (size_t item = 0; item < n; ++item) {
    std::copy_n(rows + item * tokens_ * width_, width_, spare + item * width_);
  }
  norm_->forward(context, spare, n, spare);
  kernels::gemm(context.pool, spare, width_, n, projection_, out, projection_.n());
}

}  // namespace mobileclip
