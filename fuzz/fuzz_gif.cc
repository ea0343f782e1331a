// Any bytes as a GIF image.
#include "image_target.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  mobileclip::RgbImage image;
  if (mobileclip::fuzz::decode_target(mobileclip::ImageFormat::kGif, data, size, &image)) {
    mobileclip::fuzz::probe(image.height > 64);
  }
  return 0;
}
