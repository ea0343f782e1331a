/// Image bytes to RGB, as Pillow's open + convert("RGB").
#ifndef MOBILECLIP_IMAGE_DECODE_H_
#define MOBILECLIP_IMAGE_DECODE_H_

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "image/image.h"

namespace mobileclip {

enum class ImageFormat { kUnknown, kJpeg, kPng, kWebp, kGif, kTiff, kBmp, kPnm };

/// Recognised from the first bytes (16 are enough), never from a name.
ImageFormat detect_image_format(std::span<const std::byte> bytes);
std::string_view image_format_name(ImageFormat format);

struct DecodeOptions {
  bool apply_exif_orientation = true;  ///< JPEG, PNG eXIf, WebP, TIFF
  bool strict = false;                 ///< every warning of a codec is an error
  /// Not 0: a JPEG is decoded at a half, a quarter or an eighth of its size, as long as neither
  /// edge gets shorter than this. Faster, and not the reference's pixels.
  size_t scaled_edge = 0;
  uint64_t max_pixels = 178'956'970;  ///< width × height, checked before any allocation
};

struct DecodedImage {
  RgbImage image;
  ImageFormat format = ImageFormat::kUnknown;
  std::vector<std::string> warnings;
};

/// Decodes the first frame. Thread-safe. Errors: kDecode (no image, truncated, corrupt),
/// kUnsupported (a known format this build does not read, 16 bits in a JPEG, …), kTooLarge.
DecodedImage decode_image(std::span<const std::byte> bytes, const DecodeOptions& options = {});

/// "libjpeg-turbo 2.1.5, libpng 1.6.39, …" for --version.
std::vector<std::string> codec_versions();

}  // namespace mobileclip

#endif  // MOBILECLIP_IMAGE_DECODE_H_
