/// MobileOne blocks that are used on their own: the steps of the stem and the last expansion.
#ifndef MOBILECLIP_LAYERS_MOBILEONE_H_
#define MOBILECLIP_LAYERS_MOBILEONE_H_

#include <optional>

#include "layers/dense_conv.h"
#include "layers/depthwise_layer.h"
#include "layers/squeeze_excite.h"
#include "reparam/mobileone.h"

namespace mobileclip {

/// `patch_embed`: 3→C 3×3 s2, depthwise C 3×3 s2, C→C 1×1; GELU after each.
struct MciStemWeights {
  size_t channels = 0;
  MobileOneWeights dense, depthwise, pointwise;
  /// `scale`: whether the first two have their 1×1 branch.
  static MciStemWeights read(const Scope& scope, size_t channels, bool scale = true);
};

class MciStem {
 public:
  MciStem(const MciStemWeights& weights, Foundry& foundry);
  /// `image` is n × S × S × 3 (f.n, S = f.height = f.width); fills f with S/4 × S/4 × C.
  void forward(const RunContext& context, const float* image, Features& f) const;

 private:
  DenseConv dense_;
  kernels::PackedDepthwise depthwise_;
  kernels::PackedMatrix pointwise_;
};

/// `conv_exp`: depthwise C → 2C 3×3 with SE, GELU.
struct ConvExpWeights {
  size_t in = 0;
  SqueezeExciteWeights se;
  MobileOneWeights conv;
  static ConvExpWeights read(const Scope& scope, size_t in);
};

class ConvExp {
 public:
  ConvExp(const ConvExpWeights& weights, Foundry& foundry);
  void forward(const RunContext& context, Features& f) const;

 private:
  kernels::PackedDepthwise conv_;
  SqueezeExcite se_;
};

}  // namespace mobileclip

#endif  // MOBILECLIP_LAYERS_MOBILEONE_H_
