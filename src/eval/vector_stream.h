/// Decodes and embeds the samples of a shard on threads of its own.
#ifndef MOBILECLIP_EVAL_VECTOR_STREAM_H_
#define MOBILECLIP_EVAL_VECTOR_STREAM_H_

#include <memory>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include "base/result.h"
#include "base/thread_pool.h"
#include "engine/session.h"
#include "eval/samples.h"

namespace mobileclip::eval {

struct VectorItem {
  EvalSample sample;  ///< without the image's bytes
  /// The raw embedding, or why the image cannot be decoded; empty if the sample has no image.
  Result<std::vector<float>> row = std::vector<float>();
};

/// What one thread computes with; kept from shard to shard, so that its memory is taken once.
struct Lane {
  explicit Lane(std::shared_ptr<const Model> model) : session(std::move(model), alone) {}
  ThreadPool alone{1};
  Session session;
};

/// Every thread reads, decodes and computes batches of its own: none waits for another. Items come
/// in the order of the shard, with the same bits for any number of threads and batch size. EXIF
/// orientation is ignored, as the reference does.
class VectorStream {
 public:
  /// One thread for each lane. `reader` and `lanes` must outlive this and are used by it alone.
  VectorStream(SampleReader& reader, std::span<const std::unique_ptr<Lane>> lanes, size_t batch);
  ~VectorStream();  ///< stops the threads
  VectorStream(const VectorStream&) = delete;
  VectorStream& operator=(const VectorStream&) = delete;

  /// The next item, or nothing at the end. Errors of the reader come in their place.
  std::optional<VectorItem> next();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace mobileclip::eval

#endif  // MOBILECLIP_EVAL_VECTOR_STREAM_H_
