/// RepCPE: a conditional positional encoding that folds to one depthwise convolution.
#ifndef MOBILECLIP_LAYERS_REP_CPE_H_
#define MOBILECLIP_LAYERS_REP_CPE_H_

#include <string>

#include "layers/depthwise_layer.h"
#include "layers/packing.h"

namespace mobileclip {

/// `pe`: depthwise 7×7 with bias (CPE, arXiv 2102.10882).
struct RepCpeWeights {
  std::string path;
  size_t channels = 0;
  Weight weight, bias;
  static RepCpeWeights read(const Scope& scope, size_t channels);
};

/// x = x + pe(x).
class RepCpe {
 public:
  RepCpe(const RepCpeWeights& weights, Foundry& foundry);
  void forward(const RunContext& context, Features& features) const;

 private:
  kernels::PackedDepthwise conv_;
};

}  // namespace mobileclip

#endif  // MOBILECLIP_LAYERS_REP_CPE_H_
