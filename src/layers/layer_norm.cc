#include "layers/layer_norm.h"

#include <algorithm>

#include "kernels/elementwise.h"

namespace mobileclip {
namespace {

constexpr size_t kRowsPerTask = 16;

}  // namespace

LayerNormWeights LayerNormWeights::read(const Scope& scope, size_t width, float eps) {
  return {scope.weight("weight", {width}), scope.weight("bias", {width}), eps};
}

LayerNorm::LayerNorm(const LayerNormWeights& weights, Foundry& foundry)
    : width_(weights.weight.shape[0]),
      eps_(weights.eps),
      weight_(foundry.floats(weights.weight)),
      bias_(foundry.floats(weights.bias)) {}

void LayerNorm::forward(const RunContext& context, const float* x, size_t rows, float* out) const {
  const size_t tasks = (rows + kRowsPerTask - 1) / kRowsPerTask;
  context.pool.parallel_for(tasks, [&](size_t task, int) {
    const size_t begin = task * kRowsPerTask;
    const size_t count = std::min(kRowsPerTask, rows - begin);
    kernels::layer_norm(x + begin * width_, width_, weight_.data(), bias_.data(), count, width_,
                        eps_, out + begin * width_, width_);
  });
}

}  // namespace mobileclip
