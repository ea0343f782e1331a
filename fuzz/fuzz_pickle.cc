// Any bytes as a pickle: inert values that refer to each other inside their arena.
#include <algorithm>

#include "checkpoint/pickle_reader.h"
#include "target.h"

using mobileclip::fuzz::require;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using Kind = mobileclip::PickleValue::Kind;
  mobileclip::ByteReader reader(mobileclip::fuzz::as_bytes(data, size), "input");
  try {
    const auto pickle = mobileclip::read_pickle(reader, "input");
    require(pickle.root < pickle.values.size(), "the root is one of the values");
    bool rare = false;
    for (const auto& value : pickle.values) {
      for (const uint32_t item : value.items) {
        require(item < pickle.values.size(), "items are values");
      }
      rare = rare || (value.kind == Kind::kString &&
                      value.text.find_first_of("!#$%&()*+,;<=>?@^|~") != std::string::npos);
    }
    mobileclip::fuzz::probe(rare);
  } catch (const mobileclip::Error&) {
  }
  return 0;
}
