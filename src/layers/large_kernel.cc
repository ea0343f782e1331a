#include "layers/large_kernel.h"

#include <fmt/core.h>

#include <utility>

#include "layers/depthwise_layer.h"

namespace mobileclip {

PatchEmbedWeights PatchEmbedWeights::read(const Scope& scope, size_t in, size_t out, bool se) {
  const Scope downsample = scope / "proj" / 0;
  PatchEmbedWeights weights;
  weights.path = downsample.path();
  weights.in = in;
  if (se) {
    weights.se = SqueezeExciteWeights::read(downsample / "se", out, out / 4, "fc1", "fc2");
  }
  weights.large = ConvBnWeights::read(downsample / "lkb_origin", {out, 1, 7, 7});
  weights.small = ConvBnWeights::read(downsample / "small_conv", {out, 1, 3, 3});
  weights.pointwise = MobileOneWeights::read(scope / "proj" / 1, {out, out, 1, 1},
                                             {.conv = true, .scale = false, .skip = true});
  return weights;
}

PatchEmbed::PatchEmbed(const PatchEmbedWeights& weights, Foundry& foundry)
    : large_(pack_depthwise(foundry, weights.path, weights.large.shape, weights.in, 2,
                            [&] {
                              FoldedConv large = fold(weights.large);
                              add_centred(large, fold(weights.small));
                              return large;
                            })),
      pointwise_(pack_dense(foundry, weights.pointwise.path, weights.pointwise.shape,
                            [&] { return fold(weights.pointwise); })) {
  if (weights.se) se_.emplace(*weights.se, foundry);
  foundry.log(fmt::format("{}: lkb_origin + small_conv -> conv 7x7", weights.path));
  foundry.log(describe_fold(weights.pointwise));
}

void PatchEmbed::forward(const RunContext& context, Features& f) const {
  const auto activation = se_ ? kernels::Activation::kNone : kernels::Activation::kGelu;
  depthwise_forward(context, large_, activation, f);
  if (se_) se_->forward_gelu(context, f.data, f.n, f.positions());
  kernels::gemm(context.pool, f.data, f.channels, f.n * f.positions(), pointwise_, f.spare,
                pointwise_.n(), {.activation = kernels::Activation::kGelu});
  f.channels = pointwise_.n();
  std::swap(f.data, f.spare);
}

}  // namespace mobileclip
