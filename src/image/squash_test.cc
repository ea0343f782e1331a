#include <gtest/gtest.h>

#include "image/preprocess.h"

namespace mobileclip {
namespace {

/// Three vertical bands: red, green, blue.
RgbImage bands(size_t width, size_t height) {
  RgbImage out{width, height, std::vector<uint8_t>(3 * width * height, 0)};
  for (size_t i = 0; i < width * height; ++i) out.pixels[3 * i + i % width * 3 / width] = 255;
  return out;
}

TEST(Squash, KeepsWhatACropCutsOff) {
  PreprocessConfig config;
  config.size = 12;
  const RgbImage image = bands(60, 20);
  const RgbImage cropped = resize_and_crop(image, config);
  config.squash = true;
  const RgbImage squashed = resize_and_crop(image, config);
  for (const RgbImage& out : {cropped, squashed}) {
    EXPECT_EQ(out.width, 12u);
    EXPECT_EQ(out.height, 12u);
  }
  const auto pixel = [](const RgbImage& out, size_t x) {
    return std::vector<uint8_t>(&out.pixels[3 * x], &out.pixels[3 * x] + 3);
  };
  using Pixel = std::vector<uint8_t>;
  EXPECT_EQ(pixel(cropped, 6), (Pixel{0, 255, 0}));
  EXPECT_EQ(pixel(cropped, 1), (Pixel{0, 255, 0}));
  EXPECT_EQ(pixel(squashed, 0), (Pixel{255, 0, 0}));
  EXPECT_EQ(pixel(squashed, 6), (Pixel{0, 255, 0}));
  EXPECT_EQ(pixel(squashed, 11), (Pixel{0, 0, 255}));
}

TEST(Squash, LeavesAnImageOfTheSizeAsItIs) {
  PreprocessConfig config;
  config.size = 24;
  config.squash = true;
  const RgbImage image = bands(24, 24);
  EXPECT_EQ(resize_and_crop(image, config).pixels, image.pixels);
}

}  // namespace
}  // namespace mobileclip
