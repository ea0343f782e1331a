// Any bytes as a checkpoint: zip, pickle, legacy and safetensors are told apart by content. A file
// that is mapped and bytes in memory must give the same tensors or the same kind of error.
#include <sys/mman.h>
#include <unistd.h>

#include <optional>
#include <vector>

#include "base/thread_pool.h"
#include "checkpoint_target.h"

namespace {

using mobileclip::Checkpoint;
using mobileclip::MappedFile;
using mobileclip::fuzz::require;

struct Outcome {
  std::optional<Checkpoint> checkpoint;
  std::optional<mobileclip::ErrorCode> error;
};

template <typename F>
Outcome attempt(F&& open) {
  static mobileclip::ThreadPool pool(1);
  Outcome out;
  try {
    Checkpoint checkpoint = open();
    checkpoint.verify(pool);
    out.checkpoint = std::move(checkpoint);
  } catch (const mobileclip::Error& error) {
    out.error = error.code();
  }
  return out;
}

/// The path of a file in memory that holds the input.
std::string path_of(const uint8_t* data, size_t size) {
  static const int fd = ::memfd_create("input", 0);
  require(::ftruncate(fd, 0) == 0, "the file can be emptied");
  require(::pwrite(fd, data, size, 0) == static_cast<ssize_t>(size), "and written");
  return "/proc/self/fd/" + std::to_string(fd);
}

void require_equal(const Checkpoint& a, const Checkpoint& b) {
  require(a.format() == b.format(), "the same format");
  require(a.tensors().size() == b.tensors().size(), "as many tensors");
  for (size_t i = 0; i < a.tensors().size(); ++i) {
    const auto& one = a.tensors()[i];
    const auto& other = b.tensors()[i];
    require(one.name == other.name && one.shape == other.shape && one.dtype == other.dtype &&
                one.strides == other.strides && one.offset == other.offset &&
                std::ranges::equal(one.storage, other.storage),
            "the same tensors");
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const auto bytes = mobileclip::fuzz::as_bytes(data, size);
  const Outcome memory = attempt([&] {
    return Checkpoint::parse(MappedFile::from_bytes({bytes.begin(), bytes.end()}), "input");
  });
  const Outcome mapped = attempt([&] { return Checkpoint::open(path_of(data, size)); });
  require(memory.error == mapped.error, "a file and memory fail alike");
  if (!memory.checkpoint) return 0;
  require_equal(*memory.checkpoint, *mapped.checkpoint);
  mobileclip::fuzz::probe(mobileclip::fuzz::check_tensors(*memory.checkpoint));
  return 0;
}
