#include "layers/depthwise_layer.h"

#include <utility>

namespace mobileclip {
namespace {

constexpr size_t kBandPositions = 256;

}  // namespace

void depthwise_forward(const RunContext& context, const kernels::PackedDepthwise& weights,
                       kernels::Activation activation, Features& f) {
  const size_t height = weights.out_height(f.height);
  const size_t width = weights.out_width(f.width);
  const size_t channels = weights.out_channels();
  const Bands bands = plan_bands(f.n, height, width, kBandPositions, context.pool.threads());
  context.pool.parallel_for(bands.tasks, [&](size_t task, int) {
    const Bands::Band band = bands.at(task);
    kernels::depthwise(f.data + band.item * f.per_item(), f.height, f.width, weights, band.begin,
                       band.end, activation,
                       f.spare + (band.item * height + band.begin) * width * channels);
  });
  f.height = height;
  f.width = width;
  f.channels = channels;
  std::swap(f.data, f.spare);
}

}  // namespace mobileclip
