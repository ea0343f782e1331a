/// Layer norm over the last dimension.
#ifndef MOBILECLIP_LAYERS_LAYER_NORM_H_
#define MOBILECLIP_LAYERS_LAYER_NORM_H_

#include "checkpoint/scope.h"
#include "layers/foundry.h"
#include "layers/run_context.h"

namespace mobileclip {

struct LayerNormWeights {
  Weight weight, bias;
  float eps = 1e-5f;
  static LayerNormWeights read(const Scope& scope, size_t width, float eps = 1e-5f);
};

/// Biased variance.
class LayerNorm {
 public:
  LayerNorm(const LayerNormWeights& weights, Foundry& foundry);
  /// rows × width → out, which may be x.
  void forward(const RunContext& context, const float* x, size_t rows, float* out) const;

 private:
  size_t width_;
  float eps_;
  FloatStore weight_, bias_;
};

}  // namespace mobileclip

#endif  // MOBILECLIP_LAYERS_LAYER_NORM_H_
