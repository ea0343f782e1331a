/// The samples of one shard, checked (spec §2.1).
#ifndef MOBILECLIP_EVAL_SAMPLES_H_
#define MOBILECLIP_EVAL_SAMPLES_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "data/shard_reader.h"
#include "eval/layout.h"

namespace mobileclip::eval {

struct EvalSample {
  std::string key;
  std::string image;  ///< encoded bytes; empty only with an instance
  int64_t label = -1;
  std::vector<int64_t> groups;
  std::vector<std::string> captions;
  std::string instance;  ///< JSON of WinoGAViL; the sample has no image then
};

/// What a dataset's samples must hold besides the image.
struct Needs {
  bool label = false, captions = false, instances = false;
  size_t group_columns = 0;
};
Needs needs_of(const DatasetFiles& dataset);

/// Reads a shard in order. One thread at a time. Errors: those of ShardReader; kDamaged naming
/// shard and key for a sample that lacks something, has it twice, or where it cannot be understood;
/// kTooLarge for a member over 64 MiB.
class SampleReader {
 public:
  SampleReader(const Shard& shard, const Needs& needs);
  ~SampleReader();
  std::optional<EvalSample> next();
  /// At the end: what was left out, and whether the tar is cut short.
  ShardReport report() const;
  /// At the end: SHA-256 of the tar, or of the names and bytes of all files.
  std::string sha256();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

/// One sample of a tar; what SampleReader does with each.
EvalSample check_sample(const Sample& sample, const Needs& needs, const std::string& shard);

}  // namespace mobileclip::eval

#endif  // MOBILECLIP_EVAL_SAMPLES_H_
