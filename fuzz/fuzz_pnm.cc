// Any bytes as a PNM image.
#include "image_target.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  mobileclip::RgbImage image;
  if (mobileclip::fuzz::decode_target(mobileclip::ImageFormat::kPnm, data, size, &image)) {
    mobileclip::fuzz::probe(image.width == 3);
  }
  return 0;
}
