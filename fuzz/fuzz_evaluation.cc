// What the evaluation reads: samples of a tar, lists and templates, rows of results, questions,
// CSV.
#include <sys/mman.h>
#include <unistd.h>

#include <string>

#include "data/csv.h"
#include "eval/class_files.h"
#include "eval/layout.h"
#include "eval/results.h"
#include "eval/samples.h"
#include "target.h"

namespace {

using mobileclip::fuzz::require;

bool read_tar(const std::string& bytes) {
  static const int fd = ::memfd_create("shard", 0);
  require(::ftruncate(fd, 0) == 0, "the file can be emptied");
  require(::pwrite(fd, bytes.data(), bytes.size(), 0) == static_cast<ssize_t>(bytes.size()),
          "and written");
  const mobileclip::eval::Shard shard{"0.tar", "/proc/self/fd/" + std::to_string(fd), {}};
  mobileclip::eval::Needs needs;
  needs.label = true;
  needs.group_columns = 2;
  mobileclip::eval::SampleReader reader(shard, needs);
  bool rare = false;
  while (const auto sample = reader.next()) {
    require(!sample->image.empty() && sample->label >= 0 && sample->groups.size() == 2,
            "a sample has all it needs");
    rare = rare || sample->label > 1;
  }
  return rare;
}

/// Rows that were read are written and read again as the same.
void read_rows(const std::string& text) {
  for (const auto& row : mobileclip::eval::parse_rows(text, "fuzz")) {
    const std::string line = mobileclip::eval::to_json_line(row, false);
    const auto again = mobileclip::eval::parse_rows(line, "fuzz");
    require(again.size() == 1 && mobileclip::eval::to_json_line(again[0], false) == line,
            "written and read is the same");
  }
}

/// The first byte says which reader the others are for.
bool read_kind(uint8_t kind, const std::string& bytes) {
  switch (kind % 5) {
    case 0:
      return read_tar(bytes);
    case 1:
      read_rows(bytes);
      return false;
    case 2:
      mobileclip::eval::parse_instance(bytes, "fuzz");
      return false;
    case 3:
      mobileclip::parse_csv(bytes, "fuzz");
      return false;
    default:
      for (const std::string& line : mobileclip::eval::class_lines(bytes)) {
        mobileclip::eval::fill_template(line, "name");
      }
      return false;
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  return mobileclip::fuzz::read_by_first_byte(data, size, read_kind);
}
