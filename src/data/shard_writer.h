/// Writes webdataset shards.
#ifndef MOBILECLIP_DATA_SHARD_WRITER_H_
#define MOBILECLIP_DATA_SHARD_WRITER_H_

#include <memory>
#include <string>

#include "data/shard_reader.h"

namespace mobileclip {

/// Uncompressed tar (ustar, PAX where a name needs it), members in sorted order of extension, mode
/// 0444, owner "bigdata", time 0: equal samples give equal bytes. The file appears under its name
/// only on finish(). Errors: kIo, kNoSpace.
class ShardWriter {
 public:
  explicit ShardWriter(const std::string& path);
  ~ShardWriter();
  ShardWriter(const ShardWriter&) = delete;
  ShardWriter& operator=(const ShardWriter&) = delete;
  void add(const Sample& sample);
  void finish();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace mobileclip

#endif  // MOBILECLIP_DATA_SHARD_WRITER_H_
