// BMP: uncompressed 1 to 32 bits, bit fields, RLE4 and RLE8.
#include <algorithm>
#include <array>
#include <bit>

#include "base/checked.h"
#include "base/error.h"
#include "image/codecs.h"

namespace mobileclip {
namespace {

constexpr uint32_t kRgb = 0, kRle8 = 1, kRle4 = 2, kBitFields = 3;

class Bmp {
 public:
  Bmp(Bytes bytes, const DecodeOptions& options) : bytes_(bytes) {
    read_header();
    image_ = make_image(width_, height_, options);
    if (bits_ <= 8) read_palette();
    if (compression_ == kRle8 || compression_ == kRle4) {
      read_run_lengths();
    } else {
      read_rows();
    }
  }
  RgbImage take() { return std::move(image_); }

 private:
  uint32_t number(uint64_t offset, uint64_t size) const {
    if (!range_inside(offset, size, bytes_.size())) {
      fail(ErrorCode::kDecode, "BMP: the image is truncated at byte {}", bytes_.size());
    }
    uint32_t value = 0;
    for (uint64_t i = size; i-- > 0;) {
      value = value << 8 | std::to_integer<uint32_t>(bytes_[offset + i]);
    }
    return value;
  }

  void read_header() {
    data_offset_ = number(10, 4);
    header_size_ = number(14, 4);
    const bool core = header_size_ == 12;
    if (!core && (header_size_ < 40 || header_size_ > 1024)) {
      fail(ErrorCode::kUnsupported, "BMP: a header of {} bytes is not read", header_size_);
    }
    width_ = core ? number(18, 2) : number(18, 4);
    uint32_t height = core ? number(20, 2) : number(22, 4);
    top_down_ = !core && std::bit_cast<int32_t>(height) < 0;
    height_ = top_down_ ? 0u - height : height;
    bits_ = number(core ? 24 : 28, 2);
    compression_ = core ? kRgb : number(30, 4);
    colours_ = core ? 0 : number(46, 4);
    const bool depth =
        bits_ == 1 || bits_ == 4 || bits_ == 8 || bits_ == 16 || bits_ == 24 || bits_ == 32;
    const bool fields = compression_ == kBitFields && (bits_ == 16 || bits_ == 32);
    const bool runs =
        (compression_ == kRle8 && bits_ == 8) || (compression_ == kRle4 && bits_ == 4);
    if (!depth || !(compression_ == kRgb || fields || runs) || std::bit_cast<int32_t>(width_) < 0) {
      fail(ErrorCode::kUnsupported, "BMP: {} bits with compression {} are not read", bits_,
           compression_);
    }
    masks_ = bits_ == 16 ? std::array<uint32_t, 3>{0x7C00, 0x3E0, 0x1F}
                         : std::array<uint32_t, 3>{0xFF0000, 0xFF00, 0xFF};
    if (fields) masks_ = {number(54, 4), number(58, 4), number(62, 4)};
  }

  void read_palette() {
    const uint32_t entry = header_size_ == 12 ? 3 : 4;
    const uint32_t most = 1u << bits_;
    const uint32_t count = colours_ == 0 ? most : std::min(colours_, most);
    const uint64_t start = uint64_t{14} + header_size_;
    for (uint32_t i = 0; i < count; ++i) {
      for (uint32_t c = 0; c < 3; ++c) {
        palette_[i][2 - c] = static_cast<uint8_t>(number(start + uint64_t{i} * entry + c, 1));
      }
    }
  }

  uint8_t* pixel(uint64_t x, uint64_t y) {
    return &image_.pixels[((top_down_ ? y : height_ - 1 - y) * width_ + x) * 3];
  }
  void set_index(uint64_t x, uint64_t y, uint32_t index) {
    if (x < width_ && y < height_) std::copy_n(palette_[index & 255].begin(), 3, pixel(x, y));
  }

  /// A field of n bits as 0 … 255, rounded down.
  static uint8_t scaled(uint32_t value, uint32_t mask) {
    if (mask == 0) return 0;
    const uint32_t most = mask >> std::countr_zero(mask);
    return static_cast<uint8_t>(uint64_t{(value & mask) >> std::countr_zero(mask)} * 255 / most);
  }

  void read_rows() {
    const uint64_t stride = (uint64_t{width_} * bits_ + 31) / 32 * 4;
    for (uint64_t y = 0; y < height_; ++y) {
      const uint64_t row = data_offset_ + y * stride;
      number(row + (uint64_t{width_} * bits_ + 7) / 8 - 1, 1);  // the row's last byte is there
      for (uint64_t x = 0; x < width_; ++x) {
        if (bits_ <= 8) {
          const uint32_t byte = number(row + x * bits_ / 8, 1);
          const uint64_t shift = 8 - bits_ - x * bits_ % 8;
          set_index(x, y, byte >> shift & ((1u << bits_) - 1));
          continue;
        }
        const uint32_t value = number(row + x * (bits_ / 8), bits_ / 8);
        uint8_t* out = pixel(x, y);
        for (size_t c = 0; c < 3; ++c) out[c] = scaled(value, masks_[c]);
      }
    }
  }

  void read_run_lengths() {
    for (uint64_t i = 0; i < uint64_t{width_} * height_; ++i) set_index(i % width_, i / width_, 0);
    uint64_t at = data_offset_;
    uint64_t x = 0;
    uint64_t y = 0;
    const bool nibbles = compression_ == kRle4;
    while (y < height_) {
      const uint32_t count = number(at, 1);
      const uint32_t value = number(at + 1, 1);
      at += 2;
      if (count > 0) {
        for (uint32_t i = 0; i < count; ++i) {
          set_index(x++, y, !nibbles ? value : i % 2 == 0 ? value >> 4 : value & 15);
        }
      } else if (value == 0) {
        x = 0;
        ++y;
      } else if (value == 1) {
        return;
      } else if (value == 2) {
        x += number(at, 1);
        y += number(at + 1, 1);
        at += 2;
      } else {
        const uint64_t size = nibbles ? (value + 1) / 2 : value;
        for (uint32_t i = 0; i < value; ++i) {
          const uint32_t byte = number(at + (nibbles ? i / 2 : i), 1);
          set_index(x++, y, !nibbles ? byte : i % 2 == 0 ? byte >> 4 : byte & 15);
        }
        at += size + size % 2;
      }
    }
  }

  Bytes bytes_;
  RgbImage image_;
  uint32_t data_offset_ = 0, header_size_ = 0, width_ = 0, height_ = 0, bits_ = 0;
  uint32_t compression_ = 0, colours_ = 0;
  bool top_down_ = false;
  std::array<uint32_t, 3> masks_{};
  Palette palette_ = grey_palette();
};

}  // namespace

CodecResult decode_bmp(Bytes bytes, const DecodeOptions& options) {
  CodecResult out;
  out.image = Bmp(bytes, options).take();
  return out;
}

}  // namespace mobileclip
