// Any bytes as a JPEG image.
#include "image_target.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  mobileclip::RgbImage image;
  if (mobileclip::fuzz::decode_target(mobileclip::ImageFormat::kJpeg, data, size, &image)) {
    mobileclip::fuzz::probe(((image.width | image.height) & 2) != 0);
  }
  return 0;
}
