/// Decodes the samples of a shard on threads of its own, ahead of whoever computes.
#ifndef MOBILECLIP_EVAL_CROP_STREAM_H_
#define MOBILECLIP_EVAL_CROP_STREAM_H_

#include <memory>
#include <optional>

#include "base/result.h"
#include "eval/samples.h"
#include "image/preprocess.h"

namespace mobileclip::eval {

struct CropItem {
  EvalSample sample;  ///< without the image's bytes
  Result<RgbImage> crop = RgbImage{};
};

/// Items come in the order of the shard, whatever the number of threads; at most `ahead` are
/// decoded or being decoded at a time. EXIF orientation is ignored, as the reference does.
class CropStream {
 public:
  /// `reader` must outlive this and is used by it alone.
  CropStream(SampleReader& reader, const PreprocessConfig& preprocess, int threads, size_t ahead);
  ~CropStream();  ///< stops the threads
  CropStream(const CropStream&) = delete;
  CropStream& operator=(const CropStream&) = delete;

  /// The next item, or nothing at the end. Errors of the reader come in their place.
  std::optional<CropItem> next();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace mobileclip::eval

#endif  // MOBILECLIP_EVAL_CROP_STREAM_H_
