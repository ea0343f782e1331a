/// What a block needs while it runs: threads and scratch memory.
#ifndef MOBILECLIP_LAYERS_RUN_CONTEXT_H_
#define MOBILECLIP_LAYERS_RUN_CONTEXT_H_

#include <array>
#include <cstddef>
#include <vector>

#include "base/aligned_buffer.h"
#include "base/thread_pool.h"

namespace mobileclip {

/// Buffers that grow to the largest size asked for and are kept: a size seen before allocates
/// nothing. Contents do not survive a growth.
class Workspace {
 public:
  /// One buffer per purpose; a block uses only what its header says.
  enum Slot { kFeatures, kSpare, kQkv, kAttention, kHidden, kNorm, kInput, kRows, kSlots };

  explicit Workspace(int workers) : scratch_(static_cast<size_t>(workers)) {}
  float* buffer(Slot slot, size_t size) { return grow(buffers_[slot], size); }
  /// A worker's own scratch; may be called from that worker inside a loop.
  float* scratch(int worker, size_t size) {
    return grow(scratch_[static_cast<size_t>(worker)], size);
  }

 private:
  static float* grow(AlignedBuffer& buffer, size_t size);
  std::array<AlignedBuffer, kSlots> buffers_;
  std::vector<AlignedBuffer> scratch_;
};

struct RunContext {
  ThreadPool& pool;
  Workspace& workspace;
};

/// n activations of H × W × C, channels last, in `data`; `spare` has the same capacity. A block
/// that cannot work in place writes to `spare` and swaps the two.
struct Features {
  float* data = nullptr;
  float* spare = nullptr;
  size_t n = 0, height = 0, width = 0, channels = 0;
  size_t positions() const { return height * width; }
  size_t per_item() const { return positions() * channels; }
};

/// A split of n × height rows into tasks that are whole rows of one item.
struct Bands {
  size_t height = 0;
  size_t rows = 0;      ///< of a full band
  size_t per_item = 0;  ///< bands in one item
  size_t tasks = 0;
  struct Band {
    size_t item, begin, end;
  };
  Band at(size_t task) const {
    const size_t begin = task % per_item * rows;
    return {task / per_item, begin, begin + rows < height ? begin + rows : height};
  }
};

/// Bands of about `target` positions each, evenly sized, at least one per thread if there are rows.
Bands plan_bands(size_t n, size_t height, size_t width, size_t target, int threads);

}  // namespace mobileclip

#endif  // MOBILECLIP_LAYERS_RUN_CONTEXT_H_
