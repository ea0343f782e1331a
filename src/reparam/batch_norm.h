/// Batch norm in inference: a scale and a shift per channel.
#ifndef MOBILECLIP_REPARAM_BATCH_NORM_H_
#define MOBILECLIP_REPARAM_BATCH_NORM_H_

#include <cstddef>
#include <vector>

#include "checkpoint/scope.h"

namespace mobileclip {

/// The stored tensors of one BatchNorm2d, C values each.
struct BatchNormWeights {
  Weight weight, bias, running_mean, running_var;
  static BatchNormWeights read(const Scope& scope, size_t channels);
};

/// y[c] = x[c] · scale[c] + shift[c].
struct Affine {
  std::vector<double> scale, shift;
};

/// scale = γ / sqrt(σ² + 1e-5), shift = β − μ · scale. kDamaged for a negative variance.
Affine fold(const BatchNormWeights& norm);

}  // namespace mobileclip

#endif  // MOBILECLIP_REPARAM_BATCH_NORM_H_
