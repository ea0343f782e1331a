// Any bytes as a pickle.
#include <cstdint>

#include "base/error.h"
#include "checkpoint/pickle_reader.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  mobileclip::ByteReader reader({reinterpret_cast<const std::byte*>(data), size}, "input");
  try {
    mobileclip::read_pickle(reader, "input");
  } catch (const mobileclip::Error&) {
  }
  return 0;
}
