#include "image/resample.h"

#include <gtest/gtest.h>

#include <random>

#include "image/naive_resample.h"

namespace mobileclip {
namespace {

RgbImage noise(size_t width, size_t height, std::mt19937& random) {
  RgbImage image{width, height, std::vector<uint8_t>(width * height * 3)};
  const bool extreme = random() % 2 == 0;  // black and white make bicubic overshoot
  for (uint8_t& v : image.pixels) {
    v = static_cast<uint8_t>(extreme ? (random() % 2) * 255 : random() % 256);
  }
  return image;
}

TEST(ResampleTest, WindowEqualsTheFullResizeThenCrop) {
  std::mt19937 random(5);
  for (int round = 0; round < 600; ++round) {
    const RgbImage image = noise(1 + random() % 70, 1 + random() % 70, random);
    const size_t width = random() % 8 == 0 ? image.width : 1 + random() % 70;
    const size_t height = random() % 8 == 0 ? image.height : 1 + random() % 70;
    Window window;
    window.left = random() % width;
    window.top = random() % height;
    window.width = 1 + random() % (width - window.left);
    window.height = 1 + random() % (height - window.top);
    for (const auto kind : {Interpolation::kBilinear, Interpolation::kBicubic}) {
      const RgbImage fast = resample_window(image, width, height, kind, window);
      const RgbImage slow = naive_resize_and_crop(image, width, height, kind, window);
      ASSERT_EQ(fast.width, window.width);
      ASSERT_EQ(fast.height, window.height);
      ASSERT_EQ(fast.pixels, slow.pixels) << image.width << "x" << image.height << " to " << width
                                          << "x" << height << " round " << round;
    }
  }
}

TEST(ResampleTest, EverySmallSizeToEverySmallSize) {
  std::mt19937 random(6);
  for (size_t in = 1; in <= 20; ++in) {
    const RgbImage image = noise(in, 21 - in, random);
    for (size_t out = 1; out <= 20; ++out) {
      const Window all{0, 0, out, out};
      for (const auto kind : {Interpolation::kBilinear, Interpolation::kBicubic}) {
        ASSERT_EQ(resample_window(image, out, out, kind, all).pixels,
                  naive_resize_and_crop(image, out, out, kind, all).pixels)
            << in << " to " << out;
      }
    }
  }
}

TEST(ResampleTest, SameSizeIsACopyOfTheWindow) {
  std::mt19937 random(7);
  const RgbImage image = noise(9, 7, random);
  const RgbImage out = resample_window(image, 9, 7, Interpolation::kBicubic, {2, 3, 4, 2});
  for (size_t y = 0; y < 2; ++y) {
    for (size_t i = 0; i < 12; ++i) {
      EXPECT_EQ(out.pixels[y * 12 + i], image.pixels[(y + 3) * 27 + 6 + i]);
    }
  }
}

}  // namespace
}  // namespace mobileclip
