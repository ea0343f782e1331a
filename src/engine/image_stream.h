/// Embeddings of many image files: decoding and resizing go on while the network computes.
#ifndef MOBILECLIP_ENGINE_IMAGE_STREAM_H_
#define MOBILECLIP_ENGINE_IMAGE_STREAM_H_

#include <cstddef>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "base/result.h"
#include "base/thread_pool.h"
#include "engine/model.h"
#include "image/image.h"
#include "image/preprocess.h"

namespace mobileclip {

using Embedding = std::vector<float>;

struct ImageStreamOptions {
  size_t batch = 8;  ///< most images in one call of the network
  bool normalize = true;
  /// Decodes JPEGs at the smallest size that still covers the crop: DecodeOptions::scaled_edge.
  bool fast_decode = false;
  DecodeOptions decode = {};
};

/// Where the time went. Shares add up to 1.
struct ImageStreamTimes {
  double seconds = 0;  ///< by the clock
  /// Of the threads' time: reading and decoding files, resizing, the network, waiting for each
  /// other.
  double decode = 0, resize = 0, network = 0, wait = 0;
};

/// One image file ("-": standard input): its crop, or why there is none.
Result<RgbImage> load_image(const std::string& path, const PreprocessConfig& config,
                            const DecodeOptions& options);

/// Embeds all files with the pool's number of threads and calls `take(first, rows)` on the calling
/// thread for consecutive runs of them, in order; each row is a unit (or raw) embedding or an
/// error. Few images: decoded together, then computed together. From two images a thread on: every
/// thread decodes and computes batches of its own, so that no thread waits for another and reading
/// from a disk overlaps with computing; each has a workspace, and they run at most kImagesAhead
/// images a thread ahead of `take`. Rows do not depend on the number of threads, nor on the batch.
/// What `take` throws ends the stream and is rethrown.
ImageStreamTimes embed_image_files(
    const std::shared_ptr<const Model>& model, ThreadPool& pool, std::span<const std::string> paths,
    const ImageStreamOptions& options,
    const std::function<void(size_t first, std::span<const Result<Embedding>> rows)>& take);
constexpr size_t kImagesAhead = 64;

/// A raw row as an Embedding, at unit norm if asked for. kNonFinite if it is not finite.
Result<Embedding> finish_embedding(std::span<const float> row, bool normalize);

}  // namespace mobileclip

#endif  // MOBILECLIP_ENGINE_IMAGE_STREAM_H_
