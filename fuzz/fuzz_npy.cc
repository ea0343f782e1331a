// A .npy vector of integers.
#include <algorithm>
#include <cstdint>

#include "data/npy.h"
#include "target.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  try {
    const auto values =
        mobileclip::read_npy_integers(mobileclip::fuzz::as_string(data, size), "fuzz");
    mobileclip::fuzz::probe(
        std::ranges::any_of(values, [](int64_t value) { return (value & 0xFF) == 'Q'; }));
  } catch (const mobileclip::Error&) {
  }
  return 0;
}
