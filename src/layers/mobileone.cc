#include "layers/mobileone.h"

#include <utility>

namespace mobileclip {

MciStemWeights MciStemWeights::read(const Scope& scope, size_t channels, bool scale) {
  MciStemWeights out;
  out.channels = channels;
  out.dense = MobileOneWeights::read(scope / 0, {channels, 3, 3, 3}, {.scale = scale});
  out.depthwise = MobileOneWeights::read(scope / 1, {channels, 1, 3, 3}, {.scale = scale});
  out.pointwise = MobileOneWeights::read(scope / 2, {channels, channels, 1, 1},
                                         {.conv = true, .scale = false, .skip = true});
  return out;
}

MciStem::MciStem(const MciStemWeights& weights, Foundry& foundry)
    : dense_(foundry, weights.dense.path, weights.dense.shape, 2, 1, kernels::Activation::kGelu,
             [&] { return fold(weights.dense); }),
      depthwise_(pack_depthwise(foundry, weights.depthwise.path, weights.depthwise.shape,
                                weights.channels, 2, [&] { return fold(weights.depthwise); })),
      pointwise_(pack_dense(foundry, weights.pointwise.path, weights.pointwise.shape,
                            [&] { return fold(weights.pointwise); })) {
  foundry.log(describe_fold(weights.dense));
  foundry.log(describe_fold(weights.depthwise));
  foundry.log(describe_fold(weights.pointwise));
}

void MciStem::forward(const RunContext& context, const float* image, Features& f) const {
  dense_.forward(context, image, f.n, f.height, f.width, f.data);
  f.height = dense_.out_extent(f.height);
  f.width = dense_.out_extent(f.width);
  f.channels = dense_.out_channels();
  depthwise_forward(context, depthwise_, kernels::Activation::kGelu, f);
  kernels::gemm(context.pool, f.data, f.channels, f.n * f.positions(), pointwise_, f.spare,
                f.channels, {.activation = kernels::Activation::kGelu});
  std::swap(f.data, f.spare);
}

ConvExpWeights ConvExpWeights::read(const Scope& scope, size_t in) {
  ConvExpWeights out;
  out.in = in;
  out.se = SqueezeExciteWeights::read(scope / "se", 2 * in, 2 * in / 16, "reduce", "expand");
  out.conv = MobileOneWeights::read(scope, {2 * in, 1, 3, 3}, {});
  return out;
}

ConvExp::ConvExp(const ConvExpWeights& weights, Foundry& foundry)
    : conv_(pack_depthwise(foundry, weights.conv.path, weights.conv.shape, weights.in, 1,
                           [&] { return fold(weights.conv); })),
      se_(weights.se, foundry) {
  foundry.log(describe_fold(weights.conv));
}

void ConvExp::forward(const RunContext& context, Features& f) const {
  depthwise_forward(context, conv_, kernels::Activation::kNone, f);
  se_.forward_gelu(context, f.data, f.n, f.positions());
}

}  // namespace mobileclip
