// A tar of records: every member through the record's parsers.
#include <sys/mman.h>
#include <unistd.h>

#include <string>

#include "data/record.h"
#include "target.h"

using mobileclip::fuzz::require;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  // The reader opens files: this one is in memory.
  static const int fd = ::memfd_create("shard", 0);
  require(::ftruncate(fd, 0) == 0, "the file can be emptied");
  require(::pwrite(fd, data, size, 0) == static_cast<ssize_t>(size), "and written");
  try {
    mobileclip::ShardReader reader("/proc/self/fd/" + std::to_string(fd));
    while (const auto sample = reader.next()) {
      try {
        const auto record = mobileclip::parse_record(*sample);
        mobileclip::fuzz::probe(record.caption &&
                                record.caption->find_first_of("!?#") != std::string::npos);
      } catch (const mobileclip::Error&) {
      }
    }
  } catch (const mobileclip::Error&) {
  }
  return 0;
}
