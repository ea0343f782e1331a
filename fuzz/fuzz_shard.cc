// A tar of records: every member through the record's parsers.
#include <unistd.h>

#include <cstdint>
#include <cstdio>
#include <string>

#include "base/error.h"
#include "data/record.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  // The reader maps files; one of this process's own.
  static const std::string path = "/tmp/fuzz_shard." + std::to_string(::getpid());
  std::FILE* file = std::fopen(path.c_str(), "wb");
  if (file == nullptr) return 0;
  std::fwrite(data, 1, size, file);
  std::fclose(file);
  try {
    mobileclip::ShardReader reader(path);
    while (const auto sample = reader.next()) {
      try {
        mobileclip::parse_record(*sample);
      } catch (const mobileclip::Error&) {
      }
    }
  } catch (const mobileclip::Error&) {
  }
  std::remove(path.c_str());
  return 0;
}
