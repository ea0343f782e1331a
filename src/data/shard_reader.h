/// Webdataset shards: uncompressed tar files whose consecutive members with one key are one sample.
#ifndef MOBILECLIP_DATA_SHARD_READER_H_
#define MOBILECLIP_DATA_SHARD_READER_H_

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace mobileclip {

/// `key` is the member's path up to the first '.' of its last part; `members` maps what follows
/// that '.', in lower case, to the bytes.
struct Sample {
  std::string key;
  std::map<std::string, std::string> members;
};

/// What a shard held besides whole samples.
struct ShardReport {
  uint64_t samples = 0;
  std::map<std::string, uint64_t> skipped;  ///< members left out, by reason
  bool truncated = false;                   ///< the file ends inside a member or is damaged there
};

/// Reads ustar, PAX, GNU long names; links, devices, sparse members, "__x__" skipped and counted.
/// Nothing is written to disk and no pickle is run. Memory is one sample; a member may have 64 MiB.
/// One thread at a time. Errors: kNotFound, kIo, kNotCheckpoint for a file that is no tar. A shard
/// that is cut short gives all its whole samples; report() tells.
class ShardReader {
 public:
  explicit ShardReader(const std::string& path);
  ~ShardReader();
  ShardReader(ShardReader&&) noexcept;
  ShardReader& operator=(ShardReader&&) noexcept;

  /// The next whole sample, or nothing at the end.
  std::optional<Sample> next();
  const ShardReport& report() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

/// The shards that a word stands for: a file, the *.tar of a folder sorted by name, or a pattern
/// like "part/{00000..00012}.tar". kInvalidArgument for a URL or a "pipe:"; kNotFound for nothing.
std::vector<std::string> expand_shards(const std::string& word);

}  // namespace mobileclip

#endif  // MOBILECLIP_DATA_SHARD_READER_H_
