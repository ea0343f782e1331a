/// Images of a shard to unit vectors, once: later runs read them from the cache.
#ifndef MOBILECLIP_EVAL_EMBEDDER_H_
#define MOBILECLIP_EVAL_EMBEDDER_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/thread_pool.h"
#include "engine/model.h"
#include "eval/chunk.h"
#include "eval/layout.h"
#include "eval/vector_stream.h"
#include "kernels/precision.h"

namespace mobileclip::eval {

struct EmbedOptions {
  size_t batch = 8;
  std::string cache;           ///< folder; empty: nothing is kept
  std::string weights_sha256;  ///< of the checkpoint: part of the cache's keys
  bool skip_bad = false;       ///< an image that cannot be decoded is marked, not an error
};

/// All that an image's vector depends on but its bytes: the weights, the network they are read as
/// (the variants of one network are one), the preprocessing and the arithmetic, as one line.
std::string vector_identity(const std::string& weights_sha256, const ModelConfig& config,
                            kernels::Precision precision);

class Embedder {
 public:
  /// Uses as many threads as `pool` has, not the pool itself. One thread calls.
  Embedder(std::shared_ptr<const Model> model, const ThreadPool& pool, EmbedOptions options);

  /// Called with what there is so far, and where the new images begin.
  using Progress = std::function<void(const Chunk& chunk, size_t first)>;
  /// The first `limit` images of a shard, from the cache or embedded and then (if it is the whole
  /// shard) cached. `progress` is called for every batch, or once. Rows are bit-equal for any
  /// batch size and number of threads. Errors: those of SampleReader; kDecode naming the image.
  Chunk embed(const DatasetFiles& dataset, const Shard& shard, size_t limit,
              const Progress& progress);
  /// Where a shard's vectors are, or would be.
  std::string cache_path(const DatasetFiles& dataset, const Shard& shard) const;
  /// Images that went through the network, and the seconds that took with their decoding.
  uint64_t embedded() const { return embedded_; }
  double seconds() const { return seconds_; }

 private:
  void add(const DatasetFiles& dataset, const Shard& shard, size_t limit, Chunk& chunk,
           const Progress& progress);

  std::shared_ptr<const Model> model_;
  std::vector<std::unique_ptr<Lane>> lanes_;
  EmbedOptions options_;
  uint64_t embedded_ = 0;
  double seconds_ = 0;
};

/// row / max(‖row‖₂, 1e-12), in double, rounded once. kNonFinite for NaN or infinity.
void normalize_row(float* row, size_t dim, const std::string& what);

}  // namespace mobileclip::eval

#endif  // MOBILECLIP_EVAL_EMBEDDER_H_
