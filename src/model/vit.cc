#include "model/vit.h"

#include <fmt/core.h>

#include <algorithm>

#include "kernels/elementwise.h"
#include "reparam/values.h"

namespace mobileclip {
namespace {

// Kernel = stride of the three convolutions.
constexpr size_t kStemKernel[3] = {4, 2, 2};

/// Only the first one may be padded.
size_t stem_padding(const ModelConfig& config, size_t i) {
  return i == 0 ? static_cast<size_t>(config.vit.stem_padding) : 0;
}

/// Extent after all three convolutions of the stem.
size_t patch_grid(const ModelConfig& config) {
  auto extent = static_cast<size_t>(config.image_size);
  for (size_t i = 0; i < 3; ++i) {
    extent = (extent + 2 * stem_padding(config, i) - kStemKernel[i]) / kStemKernel[i] + 1;
  }
  return extent;
}

}  // namespace

VitWeights VitWeights::read(const Scope& scope, const ModelConfig& config) {
  const auto width = static_cast<size_t>(config.vit.width);
  const auto stem_width = static_cast<size_t>(config.vit.stem_width);
  const size_t grid = patch_grid(config);
  const Scope stem = scope / "patch_emb";
  VitWeights out;
  out.path = stem.path();
  out.class_token = scope.weight("cls_token", {1, 1, width});
  out.stem[0] = ConvBnWeights::read(stem / 0 / "block", {stem_width, 3, 4, 4}, "norm");
  out.stem[1] = ConvBnWeights::read(stem / 1 / "block", {stem_width, stem_width, 2, 2}, "norm");
  out.last_shape = {width, stem_width, 2, 2};
  const Scope last = stem / 2 / "block" / "conv";
  out.last_weight = last.weight("weight", {width, stem_width, 2, 2});
  out.last_bias = last.weight("bias", {width});
  out.positions =
      (scope / "pos_embed" / "pos_embed").weight("pos_embed", {1, 1, grid * grid, width});
  for (int i = 0; i < config.vit.layers; ++i) {
    out.layers.push_back(
        TransformerLayerWeights::read(scope / "transformer" / static_cast<size_t>(i), width,
                                      static_cast<size_t>(config.vit.ffn), config.vit.ln_eps));
  }
  out.norm = LayerNormWeights::read(scope / "post_transformer_norm", width, config.vit.ln_eps);
  out.projection = ProjectionWeights::read(scope / "classifier", width, config);
  return out;
}

Vit::Vit(const VitWeights& weights, const ModelConfig& config, BuildJobs& jobs)
    : image_size_(static_cast<size_t>(config.image_size)),
      width_(static_cast<size_t>(config.vit.width)),
      patches_(weights.positions.shape[2]) {
  for (size_t i = 0; i < 2; ++i) {
    jobs.add([this, &weights, i, padding = stem_padding(config, i)](Foundry& foundry) {
      const std::string path = fmt::format("{}.{}.block", weights.path, i);
      stem_[i] = DenseConv(foundry, path, weights.stem[i].shape, kStemKernel[i], padding,
                           kernels::Activation::kGelu, [&] { return fold(weights.stem[i]); });
      foundry.log(
          fmt::format("{}: conv + norm -> conv {}x{}", path, kStemKernel[i], kStemKernel[i]));
    });
  }
  jobs.add([&](Foundry& foundry) {
    stem_[2] = DenseConv(foundry, weights.path + ".2.block", weights.last_shape, kStemKernel[2], 0,
                         kernels::Activation::kNone, [&] {
                           return FoldedConv{weights.last_shape, load_values(weights.last_weight),
                                             load_values(weights.last_bias)};
                         });
  });
  layers_.resize(weights.layers.size());
  for (size_t i = 0; i < layers_.size(); ++i) {
    jobs.add([this, &weights, i, heads = static_cast<size_t>(config.vit.heads)](Foundry& foundry) {
      layers_[i] = std::make_unique<TransformerLayer>(weights.layers[i], heads, false, foundry);
    });
  }
  jobs.add([&](Foundry& foundry) {
    class_token_ = foundry.floats(weights.class_token);
    positions_ = foundry.floats(weights.positions);
    norm_ = std::make_unique<LayerNorm>(weights.norm, foundry);
    projection_ = pack(foundry, weights.projection);
  });
}

void Vit::encode(const RunContext& context, const float* pixels, size_t n, float* out,
                 const Probe& probe) const {
  // The stem's first output and the token rows share the two buffers.
  const size_t tokens = patches_ + 1;
  const size_t first = stem_[0].out_extent(image_size_);
  const size_t capacity = n * std::max(first * first * stem_[0].out_channels(), tokens * width_);
  float* a = context.workspace.buffer(Workspace::kFeatures, capacity);
  float* b = context.workspace.buffer(Workspace::kSpare, capacity);
  stem_[0].forward(context, pixels, n, image_size_, image_size_, a);
  stem_[1].forward(context, a, n, first, first, b);
  const size_t second = stem_[1].out_extent(first);
  stem_[2].forward(context, b, n, second, second, a);
  const size_t grid = stem_[2].out_extent(second);
  if (probe) probe("patch_emb", {a, b, n, grid, grid, width_});

  for (size_t item = 0; item < n; ++item) {
    float* rows = b + item * tokens * width_;
    std::copy_n(class_token_.data(), width_, rows);
    kernels::add(a + item * patches_ * width_, positions_.data(), patches_ * width_, rows + width_);
  }
  for (size_t i = 0; i < layers_.size(); ++i) {
    layers_[i]->forward(context, b, n, tokens);
    if (probe) probe(fmt::format("transformer.{}", i), {b, a, n, tokens, 1, width_});
  }
  for (size_t item = 0; item < n; ++item) {
    std::copy_n(b + item * tokens * width_, width_, a + item * width_);
  }
  norm_->forward(context, a, n, a);
  kernels::gemm(context.pool, a, width_, n, projection_, out, projection_.n());
}

}  // namespace mobileclip
