// Steps that several decoders share: allocation under the cap, CMYK, orientation.
#include <algorithm>
#include <utility>

#include "base/checked.h"
#include "base/error.h"
#include "image/codecs.h"

namespace mobileclip {

void check_size(uint64_t width, uint64_t height, const DecodeOptions& options) {
  if (width == 0 || height == 0) {
    fail(ErrorCode::kDecode, "the image is {}x{}: it has no pixels", width, height);
  }
  const auto pixels = checked_mul(width, height);
  if (!pixels || *pixels > options.max_pixels) {
    fail(ErrorCode::kTooLarge, "the image is {}x{}, more than the {} pixels allowed", width, height,
         options.max_pixels);
  }
}

RgbImage make_image(uint64_t width, uint64_t height, const DecodeOptions& options) {
  check_size(width, height, options);
  RgbImage image;
  image.width = width;
  image.height = height;
  image.pixels.resize(width * height * 3);
  return image;
}

Palette grey_palette() {
  Palette palette{};
  for (size_t i = 0; i < palette.size(); ++i) palette[i].fill(static_cast<uint8_t>(i));
  return palette;
}

void cmyk_to_rgb(const uint8_t* cmyk, size_t pixels, uint8_t* rgb) {
  const auto multiply = [](int a, int b) {
    const int t = a * b + 128;
    return ((t >> 8) + t) >> 8;
  };
  for (size_t i = 0; i < pixels; ++i, cmyk += 4, rgb += 3) {
    const int light = 255 - cmyk[3];
    for (size_t c = 0; c < 3; ++c) {
      rgb[c] = static_cast<uint8_t>(std::clamp(light - multiply(cmyk[c], light), 0, 255));
    }
  }
}

RgbImage apply_orientation(RgbImage image, int orientation) {
  if (orientation < 2 || orientation > 8) return image;
  // Stored as: rows and columns swapped (5–8), then each axis possibly reversed.
  const bool swap = orientation >= 5;
  const bool reverse_x =
      orientation == 2 || orientation == 3 || orientation == 6 || orientation == 7;
  const bool reverse_y =
      orientation == 3 || orientation == 4 || orientation == 7 || orientation == 8;
  RgbImage out;
  out.width = swap ? image.height : image.width;
  out.height = swap ? image.width : image.height;
  out.pixels.resize(image.pixels.size());
  for (size_t y = 0; y < out.height; ++y) {
    for (size_t x = 0; x < out.width; ++x) {
      const size_t u = reverse_x ? out.width - 1 - x : x;
      const size_t v = reverse_y ? out.height - 1 - y : y;
      const size_t from = swap ? u * image.width + v : v * image.width + u;
      std::copy_n(&image.pixels[from * 3], 3, &out.pixels[(y * out.width + x) * 3]);
    }
  }
  return out;
}

}  // namespace mobileclip
