#include "layers/squeeze_excite.h"

#include "kernels/elementwise.h"

namespace mobileclip {

SqueezeExciteWeights SqueezeExciteWeights::read(const Scope& scope, size_t channels,
                                                size_t squeezed, std::string_view reduce_name,
                                                std::string_view expand_name) {
  return {LinearWeights::read(scope / reduce_name, squeezed, channels, true, true),
          LinearWeights::read(scope / expand_name, channels, squeezed, true, true)};
}

SqueezeExcite::SqueezeExcite(const SqueezeExciteWeights& weights, Foundry& foundry)
    : reduce_(pack_linear(foundry, weights.reduce)),
      expand_(pack_linear(foundry, weights.expand)) {}

void SqueezeExcite::forward_gelu(const RunContext& context, float* x, size_t n,
                                 size_t positions) const {
  const size_t channels = expand_.n();
  context.pool.parallel_for(n, [&](size_t item, int worker) {
    float* mean = context.workspace.scratch(worker, 2 * channels + reduce_.n());
    float* gate = mean + channels;
    float* squeezed = gate + channels;
    float* features = x + item * positions * channels;
    kernels::mean_pool(features, positions, channels, mean);
    kernels::gemm(mean, channels, 1, reduce_, squeezed, reduce_.n());
    kernels::relu(squeezed, reduce_.n());
    kernels::gemm(squeezed, reduce_.n(), 1, expand_, gate, channels);
    kernels::sigmoid(gate, channels);
    kernels::scale_channels(features, positions, channels, gate, true);
  });
}

}  // namespace mobileclip
