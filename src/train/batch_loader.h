/// Records to batches of tensors, decoded and augmented by worker threads.
#ifndef MOBILECLIP_TRAIN_BATCH_LOADER_H_
#define MOBILECLIP_TRAIN_BATCH_LOADER_H_

#include <torch/torch.h>

#include <cstdint>
#include <map>
#include <memory>
#include <string>

#include "config/model_config.h"
#include "data/record_stream.h"
#include "train/train_config.h"

namespace mobileclip::train {

/// The rows of this process.
struct Batch {
  torch::Tensor images;     ///< n × 3 × S × S float32, normalised
  torch::Tensor captions;   ///< distinct captions, M × context int64
  torch::Tensor real;       ///< n rows of `captions`
  torch::Tensor synthetic;  ///< likewise; undefined without synthetic captions
  torch::Tensor teacher_image, teacher_text, teacher_synthetic;  ///< n × D, undefined if unused
  StreamCursor next;                                             ///< the stream after this batch
};

/// Batches in a fixed order, made ahead by a thread of its own. What is in them depends on (seed,
/// epoch, key of the record, draw), never on the number of workers. A record that cannot be decoded
/// is replaced by the next one and counted. next() from one thread.
class BatchLoader {
 public:
  /// Rank `rank` of `world` gets its n = batch / world rows of each batch.
  BatchLoader(const TrainConfig& config, const ModelConfig& model, int rank, int world,
              const StreamCursor& from);
  ~BatchLoader();
  Batch next();
  /// Records left out so far, by reason.
  std::map<std::string, uint64_t> skipped() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace mobileclip::train

#endif  // MOBILECLIP_TRAIN_BATCH_LOADER_H_
