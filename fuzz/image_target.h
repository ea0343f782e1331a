/// One image format: any bytes that begin as it does.
#ifndef MOBILECLIP_FUZZ_IMAGE_TARGET_H_
#define MOBILECLIP_FUZZ_IMAGE_TARGET_H_

#include "image/decode.h"
#include "target.h"

namespace mobileclip::fuzz {

/// Small, so that time and memory are for what is strange; the cap itself is tried too.
constexpr uint64_t kMaxPixels = uint64_t{1} << 20;

/// Decodes; the image has the size it says, is under the cap, and is the same a second time and,
/// where it is accepted, in strict mode. True if it was decoded.
inline bool decode_target(ImageFormat format, const uint8_t* data, size_t size, RgbImage* out) {
  const auto bytes = as_bytes(data, size);
  if (detect_image_format(bytes) != format) return false;
  DecodeOptions options;
  options.max_pixels = kMaxPixels;
  DecodedImage decoded;
  try {
    decoded = decode_image(bytes, options);
  } catch (const Error& error) {
    require(!error.message().empty(), "an error is a sentence");
    return false;
  }
  const RgbImage& image = decoded.image;
  require(decoded.format == format, "the format is the one of the first bytes");
  require(image.width > 0 && image.height > 0, "an image has pixels");
  require(image.width <= kMaxPixels && image.width * image.height <= kMaxPixels, "the cap");
  require(image.pixels.size() == image.width * image.height * 3, "three bytes a pixel");
  options.strict = true;
  try {
    const DecodedImage strict = decode_image(bytes, options);
    require(strict.image.pixels == image.pixels, "strict decoding gives the same pixels");
    require(decoded.warnings.empty(), "strict decoding refuses warnings");
  } catch (const Error&) {
    require(!decoded.warnings.empty(), "strict decoding refuses only warnings");
  }
  *out = image;
  return true;
}

}  // namespace mobileclip::fuzz

#endif  // MOBILECLIP_FUZZ_IMAGE_TARGET_H_
