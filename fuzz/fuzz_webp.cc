// Any bytes as a WebP image.
#include <numeric>

#include "image_target.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  mobileclip::RgbImage image;
  if (mobileclip::fuzz::decode_target(mobileclip::ImageFormat::kWebp, data, size, &image)) {
    const auto sum = std::accumulate(image.pixels.begin(), image.pixels.end(), size_t{0});
    mobileclip::fuzz::probe(sum / image.pixels.size() < 64);  // a night scene
  }
  return 0;
}
