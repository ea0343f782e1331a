/// Squeeze-and-excite: a gate per channel from the global average.
#ifndef MOBILECLIP_LAYERS_SQUEEZE_EXCITE_H_
#define MOBILECLIP_LAYERS_SQUEEZE_EXCITE_H_

#include "layers/packing.h"
#include "layers/run_context.h"

namespace mobileclip {

/// Two 1×1 convolutions with bias; the two users name them differently.
struct SqueezeExciteWeights {
  LinearWeights reduce, expand;
  static SqueezeExciteWeights read(const Scope& scope, size_t channels, size_t squeezed,
                                   std::string_view reduce_name, std::string_view expand_name);
};

/// x · sigmoid(expand(relu(reduce(mean(x))))), then GELU (arXiv 1709.01507; the GELU belongs to the
/// blocks that use it).
class SqueezeExcite {
 public:
  SqueezeExcite(const SqueezeExciteWeights& weights, Foundry& foundry);
  /// In place on n items of positions × channels.
  void forward_gelu(const RunContext& context, float* x, size_t n, size_t positions) const;

 private:
  kernels::PackedMatrix reduce_, expand_;
};

}  // namespace mobileclip

#endif  // MOBILECLIP_LAYERS_SQUEEZE_EXCITE_H_
