// PNM: P1 to P6, plain and raw, any maximum.
#include <cctype>
#include <cmath>

#include "base/checked.h"
#include "base/error.h"
#include "image/codecs.h"

namespace mobileclip {
namespace {

class Pnm {
 public:
  Pnm(Bytes bytes, const DecodeOptions& options)
      : text_(reinterpret_cast<const char*>(bytes.data()), bytes.size()) {
    const char kind = text_[1];
    bitmap_ = kind == '1' || kind == '4';
    colour_ = kind == '3' || kind == '6';
    plain_ = kind <= '3';
    position_ = 2;
    const uint64_t width = token();
    const uint64_t height = token();
    most_ = bitmap_ ? 1 : token();
    if (most_ == 0 || most_ > 65535) {
      fail(ErrorCode::kDecode, "PNM: the maximum is {}, allowed are 1 to 65535", most_);
    }
    image_ = make_image(width, height, options);
    if (!plain_) ++position_;  // the one white space before the data
    if (bitmap_ && !plain_) {
      read_bits();
      return;
    }
    for (size_t i = 0; i < image_.width * image_.height; ++i) {
      for (size_t c = 0; c < 3; ++c) {
        image_.pixels[3 * i + c] = c == 0 || colour_ ? sample() : image_.pixels[3 * i];
      }
    }
  }
  RgbImage take() { return std::move(image_); }

 private:
  [[noreturn]] static void truncated() { fail(ErrorCode::kDecode, "PNM: the image is truncated"); }

  uint8_t byte() {
    if (position_ >= text_.size()) truncated();
    return static_cast<uint8_t>(text_[position_++]);
  }

  void skip_space_and_comments() {
    while (position_ < text_.size()) {
      const char c = text_[position_];
      if (c == '#') {
        while (position_ < text_.size() && text_[position_] != '\n') ++position_;
      } else if (std::isspace(static_cast<unsigned char>(c)) != 0) {
        ++position_;
      } else {
        return;
      }
    }
  }

  uint64_t token() {
    skip_space_and_comments();
    uint64_t value = 0;
    const size_t start = position_;
    while (position_ < text_.size() && text_[position_] >= '0' && text_[position_] <= '9') {
      value = value * 10 + static_cast<uint64_t>(text_[position_++] - '0');
      if (position_ - start > 10) fail(ErrorCode::kDecode, "PNM: a number is too long");
    }
    if (position_ == start) {
      if (position_ >= text_.size()) truncated();
      fail(ErrorCode::kDecode, "PNM: a number was expected at byte {}", position_);
    }
    return value;
  }

  uint8_t sample() {
    if (bitmap_) {
      skip_space_and_comments();
      const uint8_t digit = byte();
      if (digit != '0' && digit != '1') fail(ErrorCode::kDecode, "PNM: a bit is neither 0 nor 1");
      return digit == '1' ? 0 : 255;
    }
    uint64_t value = 0;
    if (plain_) {
      value = token();
    } else {
      value = byte();
      if (most_ > 255) value = value << 8 | byte();
    }
    if (value > most_) {
      if (plain_)
        fail(ErrorCode::kDecode, "PNM: the value {} is over the maximum {}", value, most_);
      value = most_;
    }
    if (most_ == 255) return static_cast<uint8_t>(value);
    // 16-bit grey keeps its high byte, like 16-bit grey of other formats.
    if (most_ == 65535 && !colour_) return static_cast<uint8_t>(value >> 8);
    return static_cast<uint8_t>(
        std::nearbyint(static_cast<double>(value) / static_cast<double>(most_) * 255.0));
  }

  void read_bits() {
    size_t out = 0;
    for (size_t y = 0; y < image_.height; ++y) {
      uint8_t bits = 0;
      for (size_t x = 0; x < image_.width; ++x, out += 3) {
        bits = x % 8 == 0 ? byte() : static_cast<uint8_t>(bits << 1);
        const uint8_t value = (bits & 0x80) != 0 ? 0 : 255;
        image_.pixels[out] = image_.pixels[out + 1] = image_.pixels[out + 2] = value;
      }
    }
  }

  std::string_view text_;
  size_t position_ = 0;
  uint64_t most_ = 1;
  bool bitmap_ = false, colour_ = false, plain_ = false;
  RgbImage image_;
};

}  // namespace

CodecResult decode_pnm(Bytes bytes, const DecodeOptions& options) {
  CodecResult out;
  out.image = Pnm(bytes, options).take();
  return out;
}

}  // namespace mobileclip
