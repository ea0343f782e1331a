// The embedding members of a record.
#include <cstdint>
#include <string>

#include "base/error.h"
#include "data/augmentation_json.h"
#include "data/embeddings.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  const std::string bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
  try {
    switch (data[0] % 3) {
      case 0:
        mobileclip::read_npz(bytes, "fuzz");
        break;
      case 1:
        mobileclip::read_pth_gz(bytes, "fuzz");
        break;
      default:
        mobileclip::parse_augmentations(bytes, "fuzz");
    }
  } catch (const mobileclip::Error&) {
  }
  return 0;
}
