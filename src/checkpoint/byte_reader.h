/// Little-endian numbers from bytes, every read checked against the end.
#ifndef MOBILECLIP_CHECKPOINT_BYTE_READER_H_
#define MOBILECLIP_CHECKPOINT_BYTE_READER_H_

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "base/checked.h"
#include "base/error.h"

namespace mobileclip {

using Bytes = std::span<const std::byte>;

inline std::string_view as_text(Bytes bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

/// A cursor over `bytes`. A read past the end throws kDamaged, naming `what` and the offset.
class ByteReader {
 public:
  ByteReader(Bytes bytes, std::string_view what, uint64_t base = 0)
      : bytes_(bytes), what_(what), base_(base) {}

  uint64_t position() const { return position_; }
  uint64_t left() const { return bytes_.size() - position_; }
  /// Offset in the whole file, for sentences.
  uint64_t file_offset() const { return base_ + position_; }

  Bytes take(uint64_t count) {
    if (count > left()) {
      fail(
          ErrorCode::kDamaged,
          "{} ends at byte {}: {} more bytes were expected, {} are there; the file is truncated or "
          "corrupt",
          what_, base_ + bytes_.size(), count, left());
    }
    const Bytes out = bytes_.subspan(position_, count);
    position_ += count;
    return out;
  }
  /// An unsigned little-endian number of 1 to 8 bytes.
  uint64_t number(size_t bytes) {
    uint64_t value = 0;
    const Bytes raw = take(bytes);
    for (size_t i = bytes; i-- > 0;) value = value << 8 | std::to_integer<uint64_t>(raw[i]);
    return value;
  }
  uint8_t u8() { return static_cast<uint8_t>(number(1)); }
  uint16_t u16() { return static_cast<uint16_t>(number(2)); }
  uint32_t u32() { return static_cast<uint32_t>(number(4)); }
  uint64_t u64() { return number(8); }
  /// Text up to a newline, which is taken too; at most `limit` bytes.
  std::string_view line(size_t limit) {
    const std::string_view rest = as_text(bytes_.subspan(position_));
    const size_t end = rest.substr(0, limit).find('\n');
    if (end == std::string_view::npos) {
      fail(ErrorCode::kDamaged, "{} has no end of line within {} bytes of byte {}", what_, limit,
           file_offset());
    }
    position_ += end + 1;
    return rest.substr(0, end);
  }

 private:
  Bytes bytes_;
  std::string_view what_;
  uint64_t base_;
  uint64_t position_ = 0;
};

}  // namespace mobileclip

#endif  // MOBILECLIP_CHECKPOINT_BYTE_READER_H_
