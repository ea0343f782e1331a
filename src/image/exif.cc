// The orientation tag of an EXIF block.
#include "base/checked.h"
#include "image/codecs.h"

namespace mobileclip {
namespace {

constexpr uint16_t kOrientation = 0x0112;
constexpr uint16_t kShort = 3;
constexpr uint64_t kEntrySize = 12;

/// Numbers in the block's own byte order; what lies outside reads as 0.
class TiffBlock {
 public:
  explicit TiffBlock(Bytes bytes) : bytes_(bytes) {
    if (bytes.size() < 8) return;
    big_ = byte(0) == 'M' && byte(1) == 'M';
    const bool little = byte(0) == 'I' && byte(1) == 'I';
    valid_ = (big_ || little) && number(2, 2) == 42;
  }
  bool valid() const { return valid_; }
  uint64_t number(uint64_t offset, uint64_t size) const {
    if (!range_inside(offset, size, bytes_.size())) return 0;
    uint64_t value = 0;
    for (uint64_t i = 0; i < size; ++i) {
      value = value << 8 | byte(big_ ? offset + i : offset + size - 1 - i);
    }
    return value;
  }

 private:
  uint8_t byte(uint64_t i) const { return std::to_integer<uint8_t>(bytes_[i]); }
  Bytes bytes_;
  bool big_ = false;
  bool valid_ = false;
};

}  // namespace

int exif_orientation(Bytes tiff) {
  const TiffBlock block(tiff);
  if (!block.valid()) return 1;
  const uint64_t directory = block.number(4, 4);
  const uint64_t count = block.number(directory, 2);
  for (uint64_t i = 0; i < count; ++i) {
    const uint64_t entry = directory + 2 + i * kEntrySize;
    if (!range_inside(entry, kEntrySize, tiff.size())) return 1;
    if (block.number(entry, 2) != kOrientation) continue;
    if (block.number(entry + 2, 2) != kShort || block.number(entry + 4, 4) < 1) return 1;
    const uint64_t value = block.number(entry + 8, 2);
    return value >= 1 && value <= 8 ? static_cast<int>(value) : 1;
  }
  return 1;
}

}  // namespace mobileclip
