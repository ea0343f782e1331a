/// What the fuzz targets share.
#ifndef MOBILECLIP_FUZZ_TARGET_H_
#define MOBILECLIP_FUZZ_TARGET_H_

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <span>
#include <string>

#include "base/error.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size);

namespace mobileclip::fuzz {

/// A target calls this at the end of a parse that went well, with something that no file of its
/// corpus is but a little mutation makes. In probe_none.cc it does nothing; planted programs link
/// probe_planted.cc, which takes it for a bug: so a test sees that the fuzzer gets that deep.
void probe(bool rare);

/// Ends the process, as a sanitizer would, if what must hold does not.
inline void require(bool holds, const char* what) {
  if (holds) return;
  std::fprintf(stderr, "does not hold: %s\n", what);
  std::abort();
}

inline std::span<const std::byte> as_bytes(const uint8_t* data, size_t size) {
  return {reinterpret_cast<const std::byte*>(data), size};
}

inline std::string as_string(const uint8_t* data, size_t size) {
  return {reinterpret_cast<const char*>(data), size};
}

/// The entry point of a target of several readers: read(kind, bytes) gets the first byte of the
/// input as the kind, the others as the bytes, and says whether it met what probe() waits for.
template <typename Read>
int read_by_first_byte(const uint8_t* data, size_t size, const Read& read) {
  if (size == 0) return 0;
  try {
    probe(read(data[0], as_string(data + 1, size - 1)));
  } catch (const Error& error) {
    require(!error.message().empty(), "an error is a sentence");
  }
  return 0;
}

/// Takes numbers off the front of the input; zeros when it is used up.
class Numbers {
 public:
  Numbers(const uint8_t* data, size_t size) : data_(data), size_(size) {}
  uint8_t byte() {
    if (size_ == 0) return 0;
    --size_;
    return *data_++;
  }
  /// From `low` to `high`.
  size_t between(size_t low, size_t high) { return low + byte() % (high - low + 1); }
  /// From −1 to 1.
  float unit() { return (static_cast<float>(byte()) - 127.5F) / 127.5F; }

 private:
  const uint8_t* data_;
  size_t size_;
};

}  // namespace mobileclip::fuzz

#endif  // MOBILECLIP_FUZZ_TARGET_H_
