// The resampler against its naive twin: the same bits for any image, size and window.
#include "image/naive_resample.h"
#include "target.h"

using mobileclip::fuzz::require;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  constexpr size_t kMost = 48;
  mobileclip::fuzz::Numbers numbers(data, size);
  mobileclip::RgbImage image;
  image.width = numbers.between(1, kMost);
  image.height = numbers.between(1, kMost);
  const size_t width = numbers.between(1, kMost);
  const size_t height = numbers.between(1, kMost);
  mobileclip::Window window;
  window.left = numbers.between(0, width - 1);
  window.top = numbers.between(0, height - 1);
  window.width = numbers.between(1, width - window.left);
  window.height = numbers.between(1, height - window.top);
  const auto kind = numbers.byte() % 2 == 0 ? mobileclip::Interpolation::kBilinear
                                            : mobileclip::Interpolation::kBicubic;
  image.pixels.resize(image.width * image.height * 3);
  for (uint8_t& value : image.pixels) value = numbers.byte();
  const auto fast = mobileclip::resample_window(image, width, height, kind, window);
  const auto slow = mobileclip::naive_resize_and_crop(image, width, height, kind, window);
  require(fast.width == window.width && fast.height == window.height, "the window's size");
  require(fast.pixels == slow.pixels, "the same bits as the naive twin");
  mobileclip::fuzz::probe(image.width == 47 || image.height == 47);
  return 0;
}
