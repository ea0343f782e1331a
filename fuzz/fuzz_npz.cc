// The embedding members of a record; what is read and written again is read as the same.
#include <algorithm>
#include <string>

#include "data/augmentation_json.h"
#include "data/embeddings.h"
#include "target.h"

namespace {

using mobileclip::fuzz::require;

void require_whole(const mobileclip::NamedMatrices& matrices) {
  for (const auto& [name, matrix] : matrices) {
    require(matrix.values.size() == matrix.rows * matrix.cols, "rows times columns values");
  }
}

/// The first byte says which member the others are.
bool read_kind(uint8_t kind, const std::string& bytes) {
  switch (kind % 3) {
    case 0:
      require_whole(mobileclip::read_npz(bytes, "fuzz"));
      return false;
    case 1:
      require_whole(mobileclip::read_pth_gz(bytes, "fuzz"));
      return false;
    default: {
      const auto views = mobileclip::parse_augmentations(bytes, "fuzz");
      const std::string text = mobileclip::augmentations_json(views);
      const auto again = mobileclip::parse_augmentations(text, "fuzz");
      require(mobileclip::augmentations_json(again) == text, "written and read is the same");
      return std::ranges::any_of(views, [](const auto& view) {
        return view.crop && ((view.crop->width | view.crop->height) & 1) != 0;
      });
    }
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  return mobileclip::fuzz::read_by_first_byte(data, size, read_kind);
}
