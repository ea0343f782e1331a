// Any bytes as an image of any format, down to the crop that a model sees.
#include "image/preprocess.h"
#include "target.h"

using mobileclip::fuzz::require;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  mobileclip::DecodeOptions options;
  options.max_pixels = uint64_t{1} << 20;
  try {
    const auto decoded = mobileclip::decode_image(mobileclip::fuzz::as_bytes(data, size), options);
    const auto& image = decoded.image;
    require(image.pixels.size() == image.width * image.height * 3, "three bytes a pixel");
    mobileclip::PreprocessConfig config;
    config.size = 32;
    require(mobileclip::resize_and_crop(image, config).pixels.size() == 32 * 32 * 3,
            "the crop has the model's size");
    mobileclip::fuzz::probe((image.height & 2) != 0);
  } catch (const mobileclip::Error&) {
  }
  return 0;
}
