// A .npy vector of integers.
#include "data/npy.h"
#include "target.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  try {
    const auto values =
        mobileclip::read_npy_integers(mobileclip::fuzz::as_string(data, size), "fuzz");
    mobileclip::fuzz::probe(values.size() == 4 && (values[0] & 0xFF) == 'Q');
  } catch (const mobileclip::Error&) {
  }
  return 0;
}
