// Any bytes as an image: the format is told by content.
#include <cstdint>
#include <cstdlib>

#include "base/error.h"
#include "image/preprocess.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  mobileclip::DecodeOptions options;
  options.max_pixels = uint64_t{1} << 20;
  try {
    const auto decoded =
        mobileclip::decode_image({reinterpret_cast<const std::byte*>(data), size}, options);
    const auto& image = decoded.image;
    if (image.pixels.size() != image.width * image.height * 3) std::abort();
    mobileclip::PreprocessConfig config;
    config.size = 32;
    if (mobileclip::resize_and_crop(image, config).pixels.size() != 32 * 32 * 3) std::abort();
  } catch (const mobileclip::Error&) {
  }
  return 0;
}
