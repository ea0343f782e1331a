#include "layers/run_context.h"

#include <algorithm>

namespace mobileclip {
namespace {

size_t divide_up(size_t a, size_t b) { return (a + b - 1) / b; }

}  // namespace

float* Workspace::grow(AlignedBuffer& buffer, size_t size) {
  if (buffer.size() < size) {
    buffer = AlignedBuffer();  // give back before taking: the peak counts
    buffer = AlignedBuffer(size);
  }
  return buffer.data();
}

Bands plan_bands(size_t n, size_t height, size_t width, size_t target, int threads) {
  const size_t wanted = std::max<size_t>(1, target / std::max<size_t>(1, width));
  size_t per_item = divide_up(height, std::min(height, wanted));
  // Several bands for each thread even the load; but a band of few positions wastes weight traffic.
  const size_t least = divide_up(static_cast<size_t>(threads), std::max<size_t>(1, n));
  per_item = std::min(height, std::max(per_item, least));
  Bands bands;
  bands.height = height;
  bands.rows = divide_up(height, per_item);
  bands.per_item = divide_up(height, bands.rows);
  bands.tasks = n * bands.per_item;
  return bands;
}

}  // namespace mobileclip
