/// A strict reader of the one kind of zip that torch.save writes.
#ifndef MOBILECLIP_CHECKPOINT_ZIP_READER_H_
#define MOBILECLIP_CHECKPOINT_ZIP_READER_H_

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "checkpoint/byte_reader.h"

namespace mobileclip {

struct ZipEntry {
  std::string name;
  Bytes data;
  uint32_t crc = 0;
};

/// All entries of an archive in central-directory order. Accepts stored (method 0) entries on one
/// disk without comments; sizes come from the central directory only. Refuses (kDamaged or
/// kHostile) duplicate names, also after case folding, local names or methods that differ,
/// compression, encryption, unknown flags, ranges that overlap or leave the file, unsafe names, and
/// bytes before the first or after the last record. CRCs are not read here.
std::vector<ZipEntry> read_zip(Bytes file, std::string_view what);

}  // namespace mobileclip

#endif  // MOBILECLIP_CHECKPOINT_ZIP_READER_H_
