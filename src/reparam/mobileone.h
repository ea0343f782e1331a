/// MobileOne's branches: a convolution, a 1×1 "scale" and a batch norm of the input, summed.
#ifndef MOBILECLIP_REPARAM_MOBILEONE_H_
#define MOBILECLIP_REPARAM_MOBILEONE_H_

#include <optional>
#include <string>

#include "reparam/conv.h"

namespace mobileclip {

/// Which branches exist follows from this alone, never from what a file happens to hold.
struct MobileOneBranches {
  bool conv = true;   ///< rbr_conv.0
  bool scale = true;  ///< rbr_scale, 1×1
  bool skip = false;  ///< rbr_skip
};

/// Training form (arXiv 2206.04040, figure 3).
struct MobileOneWeights {
  ConvShape shape;
  std::string path;
  std::optional<ConvBnWeights> conv, scale;
  std::optional<BatchNormWeights> skip;
  static MobileOneWeights read(const Scope& scope, const ConvShape& shape,
                               const MobileOneBranches& branches);
};

/// Sum of all branches as one convolution.
FoldedConv fold(const MobileOneWeights& weights);

/// "path: rbr_conv.0 + rbr_scale -> conv 3x3".
std::string describe_fold(const MobileOneWeights& weights);

}  // namespace mobileclip

#endif  // MOBILECLIP_REPARAM_MOBILEONE_H_
