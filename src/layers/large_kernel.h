/// PatchEmbed between stages: a large-kernel downsampling convolution, then 1×1.
#ifndef MOBILECLIP_LAYERS_LARGE_KERNEL_H_
#define MOBILECLIP_LAYERS_LARGE_KERNEL_H_

#include <optional>

#include "layers/squeeze_excite.h"
#include "reparam/mobileone.h"

namespace mobileclip {

/// `proj.0` ReparamLargeKernel (RepLKNet, arXiv 2203.06717): 7×7 + 3×3, stride 2, two output
/// channels per input; optional SE; GELU. `proj.1` MobileOne 1×1, GELU.
struct PatchEmbedWeights {
  std::string path;
  size_t in = 0;
  ConvBnWeights large, small;
  std::optional<SqueezeExciteWeights> se;
  MobileOneWeights pointwise;
  static PatchEmbedWeights read(const Scope& scope, size_t in, size_t out, bool se);
};

class PatchEmbed {
 public:
  PatchEmbed(const PatchEmbedWeights& weights, Foundry& foundry);
  /// H × W × in → H/2 × W/2 × out.
  void forward(const RunContext& context, Features& features) const;

 private:
  kernels::PackedDepthwise large_;
  std::optional<SqueezeExcite> se_;
  kernels::PackedMatrix pointwise_;
};

}  // namespace mobileclip

#endif  // MOBILECLIP_LAYERS_LARGE_KERNEL_H_
