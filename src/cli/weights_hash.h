/// The hashes of the files that a checkpoint is made of.
#ifndef MOBILECLIP_CLI_WEIGHTS_HASH_H_
#define MOBILECLIP_CLI_WEIGHTS_HASH_H_

#include <string>
#include <vector>

#include "checkpoint/checkpoint.h"

namespace mobileclip::cli {

struct FileHash {
  std::string file, sha256;
};
/// Of the files that a safetensors index names; empty for the other formats.
std::vector<FileHash> part_hashes(const Checkpoint& checkpoint);

/// What two checkpoints of other weights never share: the SHA-256 of the file; of a safetensors
/// index, that of the index and its files, one behind the other in the order of their names.
std::string weights_sha256(const Checkpoint& checkpoint);

}  // namespace mobileclip::cli

#endif  // MOBILECLIP_CLI_WEIGHTS_HASH_H_
