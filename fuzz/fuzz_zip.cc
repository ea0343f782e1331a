// Any bytes as the zip of a checkpoint: entries lie in the file, apart from each other, with names
// of their own.
#include <algorithm>
#include <set>
#include <vector>

#include "checkpoint/zip_reader.h"
#include "target.h"

using mobileclip::fuzz::require;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const auto file = mobileclip::fuzz::as_bytes(data, size);
  std::vector<mobileclip::ZipEntry> entries;
  try {
    entries = mobileclip::read_zip(file, "input");
  } catch (const mobileclip::Error&) {
    return 0;
  }
  std::set<std::string> names;
  bool rare = false;
  std::ranges::sort(entries, {}, [](const auto& entry) { return entry.data.data(); });
  const std::byte* end = file.data();
  for (const auto& entry : entries) {
    require(names.insert(entry.name).second, "names are unique");
    require(entry.name.find("..") != 0 && entry.name.find('/') != 0, "names stay in the archive");
    rare = rare || (!entry.data.empty() && (entry.crc & 0xFF) == 0x2A);
    if (entry.data.empty()) continue;
    require(entry.data.data() >= end, "entries do not overlap");
    end = entry.data.data() + entry.data.size();
    require(end <= file.data() + file.size(), "entries lie in the file");
  }
  mobileclip::fuzz::probe(rare);
  return 0;
}
