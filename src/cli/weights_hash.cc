#include "cli/weights_hash.h"

#include "download/sha256.h"

namespace mobileclip::cli {
namespace {

std::string_view text_of(std::span<const std::byte> bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

}  // namespace

std::vector<FileHash> part_hashes(const Checkpoint& checkpoint) {
  std::vector<FileHash> out;
  for (const Checkpoint::Part& part : checkpoint.parts()) {
    out.push_back({part.name, sha256_of(part.file->bytes())});
  }
  return out;
}

std::string weights_sha256(const Checkpoint& checkpoint) {
  Sha256 sum;
  sum.update(text_of(checkpoint.file().bytes()));
  for (const Checkpoint::Part& part : checkpoint.parts()) sum.update(text_of(part.file->bytes()));
  return sum.hex();
}

}  // namespace mobileclip::cli
