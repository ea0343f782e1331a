/// Dataset reinforcement: teachers' embeddings of stored augmentations and captions, kept with each
/// record (spec/training §5; Vasu et al., CVPR 2024, §3.1).
#ifndef MOBILECLIP_REINFORCE_REINFORCE_H_
#define MOBILECLIP_REINFORCE_REINFORCE_H_

#include <atomic>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "data/record.h"
#include "reinforce/teachers.h"

namespace mobileclip {

struct ReinforceOptions {
  size_t augmentations = 5;  ///< views per record
  AugmentPolicy policy;      ///< `size` is set to the largest teacher's
  uint64_t seed = 0;
  EmbeddingFormat format = EmbeddingFormat::kNpzFloat32;
  bool images = true;  ///< keep the images in the output
};

struct ReinforceReport {
  uint64_t records = 0, rejected = 0, shards = 0, shards_done_before = 0;
};

/// Reads each shard and writes one of the same name into `out`: every record with its
/// augmentations, drawn from (seed, key), and the embeddings of all views and captions. A record is
/// whole or not there: what cannot be read or encoded goes to `out`/rejects/SHARD.jsonl with its
/// reason. A shard appears only when it is whole, and one that is there is not made again; `stop`
/// ends after the shard at hand. `progress(records)` is called now and then.
ReinforceReport reinforce_shards(const std::vector<std::string>& shards, const std::string& out,
                                 Teachers& teachers, const ReinforceOptions& options,
                                 const std::function<void(uint64_t records)>& progress,
                                 const std::atomic<bool>& stop, ThreadPool& pool);

struct VerifyReport {
  uint64_t records = 0, views = 0, captions = 0;
  double worst_view = 1, worst_caption = 1;  ///< lowest cosine of stored and recomputed rows
  std::string worst_key;
};

/// Encodes up to `sample` records per shard anew and compares with what is stored.
VerifyReport verify_shards(const std::vector<std::string>& shards, Teachers& teachers,
                           size_t sample);

}  // namespace mobileclip

#endif  // MOBILECLIP_REINFORCE_REINFORCE_H_
