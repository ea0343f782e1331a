/// Fills a Checkpoint; the formats' readers share it.
#ifndef MOBILECLIP_CHECKPOINT_BUILDER_H_
#define MOBILECLIP_CHECKPOINT_BUILDER_H_

#include <map>
#include <string>
#include <utility>

#include "checkpoint/byte_reader.h"
#include "checkpoint/checkpoint.h"

namespace mobileclip {

class CheckpointBuilder {
 public:
  CheckpointBuilder(std::shared_ptr<const MappedFile> file, std::string name,
                    std::string_view format);

  Bytes bytes() const { return checkpoint_.file_->bytes(); }
  const std::string& name() const { return checkpoint_.name_; }
  std::string what() const { return quote(checkpoint_.name_); }

  /// Checks the entry's own numbers against its storage and adds it. kHostile or kDamaged.
  void add(TensorEntry entry);
  /// A record whose CRC verify() checks.
  void add_record(std::string name, Bytes bytes, uint32_t crc);
  /// Blocks of `data` whose CRC verify() checks; `finite`: of every tensor that it is finite, too.
  void add_blocks(Bytes data, uint64_t block, const std::vector<uint32_t>& crcs, bool finite);
  void warn(std::string warning) { checkpoint_.warnings_.push_back(std::move(warning)); }
  void set_metadata(std::map<std::string, std::string> metadata) {
    checkpoint_.metadata_ = std::move(metadata);
  }
  /// All tensors and records of `part`, and its file. kHostile for a name that is there already.
  void absorb(Checkpoint part);
  Checkpoint finish() { return std::move(checkpoint_); }

 private:
  Checkpoint checkpoint_;
};

Checkpoint read_torch_zip(CheckpointBuilder builder);
Checkpoint read_torch_legacy(CheckpointBuilder builder);
Checkpoint read_safetensors(CheckpointBuilder builder);
/// Of a safetensors index: opens the files that it names, all in the folder of the index.
Checkpoint read_index(CheckpointBuilder builder);
/// Whether the bytes begin as a JSON object does, which no checkpoint does.
bool looks_like_index(Bytes bytes);

}  // namespace mobileclip

#endif  // MOBILECLIP_CHECKPOINT_BUILDER_H_
