/// What a shard became: unit vectors and all that scoring needs, kept in a cache.
#ifndef MOBILECLIP_EVAL_CHUNK_H_
#define MOBILECLIP_EVAL_CHUNK_H_

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace mobileclip::eval {

/// n images in the order of the shard.
struct Chunk {
  size_t dim = 0, group_columns = 0;
  std::vector<float> rows;          ///< n × dim, unit L2 norm; zeros where unreadable
  std::vector<int64_t> labels;      ///< n; −1 without labels
  std::vector<int64_t> groups;      ///< n × group_columns
  std::vector<uint8_t> unreadable;  ///< n; 1: the image could not be decoded
  std::vector<std::string> keys;    ///< n
  std::vector<std::vector<std::string>> captions;  ///< n, or empty
  std::vector<std::string> instances;              ///< JSON of WinoGAViL
  std::map<std::string, uint64_t> skipped;         ///< members left out, by reason
  bool truncated = false;                          ///< the tar was cut short
  std::string data_sha256, instruction_set;

  size_t size() const { return labels.size(); }
  /// Only the first n images.
  void cut(size_t n);
};

/// Whole on disk or not there: safetensors with a SHA-256 of all data in its metadata. Errors: kIo,
/// kNoSpace.
void write_chunk(const std::string& path, const Chunk& chunk);
/// Nothing if there is no such file. Error kDamaged if its sums or sizes do not fit.
std::optional<Chunk> read_chunk(const std::string& path);

}  // namespace mobileclip::eval

#endif  // MOBILECLIP_EVAL_CHUNK_H_
