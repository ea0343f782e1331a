#include "reparam/batch_norm.h"

#include <cmath>

#include "reparam/values.h"

namespace mobileclip {
namespace {

constexpr double kEpsilon = 1e-5;

}  // namespace

BatchNormWeights BatchNormWeights::read(const Scope& scope, size_t channels) {
  BatchNormWeights out;
  out.weight = scope.weight("weight", {channels});
  out.bias = scope.weight("bias", {channels});
  out.running_mean = scope.weight("running_mean", {channels});
  out.running_var = scope.weight("running_var", {channels});
  scope.counter("num_batches_tracked");
  return out;
}

Affine fold(const BatchNormWeights& norm) {
  require_sound(norm.running_var);
  Affine out{load_values(norm.weight), load_values(norm.bias)};
  const std::vector<double> mean = load_values(norm.running_mean);
  const std::vector<double> variance = load_values(norm.running_var);
  for (size_t c = 0; c < out.scale.size(); ++c) {
    out.scale[c] /= std::sqrt(variance[c] + kEpsilon);
    out.shift[c] -= mean[c] * out.scale[c];
  }
  return out;
}

}  // namespace mobileclip
