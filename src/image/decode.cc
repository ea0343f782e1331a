#include "image/decode.h"

#include <fmt/core.h>
#include <gif_lib.h>
#include <png.h>
#include <tiffio.h>
#include <webp/decode.h>

#include <cstdio>
// jpeglib.h needs size_t and FILE first.
#include <jpeglib.h>

#include "base/error.h"
#include "image/codecs.h"

namespace mobileclip {
namespace {

/// First bytes as text, for the sentence about what is no image.
std::string head_of(Bytes bytes) {
  return std::string(reinterpret_cast<const char*>(bytes.data()),
                     std::min<size_t>(bytes.size(), 16));
}

CodecResult decode_as(ImageFormat format, Bytes bytes, const DecodeOptions& options) {
  switch (format) {
    case ImageFormat::kJpeg:
      return decode_jpeg(bytes, options);
    case ImageFormat::kPng:
      return decode_png(bytes, options);
    case ImageFormat::kWebp:
      return decode_webp(bytes, options);
    case ImageFormat::kGif:
      return decode_gif(bytes, options);
    case ImageFormat::kTiff:
      return decode_tiff(bytes, options);
    case ImageFormat::kBmp:
      return decode_bmp(bytes, options);
    case ImageFormat::kPnm:
      return decode_pnm(bytes, options);
    case ImageFormat::kUnknown:
      break;
  }
  if (bytes.empty()) fail(ErrorCode::kDecode, "the file is empty, not an image");
  fail(ErrorCode::kDecode,
       "not an image of a known format (JPEG, PNG, WebP, GIF, TIFF, BMP, PNM): it begins with {}",
       quote(head_of(bytes), 16));
}

}  // namespace

DecodedImage decode_image(std::span<const std::byte> bytes, const DecodeOptions& options) {
  const ImageFormat format = detect_image_format(bytes);
  CodecResult result = decode_as(format, bytes, options);
  if (options.strict && !result.warnings.empty()) {
    fail(ErrorCode::kDecode, "{}: {}", image_format_name(format), result.warnings.front());
  }
  DecodedImage out;
  out.format = format;
  out.warnings = std::move(result.warnings);
  out.image = options.apply_exif_orientation
                  ? apply_orientation(std::move(result.image), result.orientation)
                  : std::move(result.image);
  return out;
}

std::vector<std::string> codec_versions() {
  const int webp = WebPGetDecoderVersion();
  const std::string tiff = TIFFGetVersion();
  const std::string first_line = tiff.substr(0, tiff.find('\n'));
  return {
      fmt::format("libjpeg-turbo {}.{}.{}", LIBJPEG_TURBO_VERSION_NUMBER / 1000000,
                  LIBJPEG_TURBO_VERSION_NUMBER / 1000 % 1000, LIBJPEG_TURBO_VERSION_NUMBER % 1000),
      fmt::format("libpng {}", png_get_libpng_ver(nullptr)),
      fmt::format("libwebp {}.{}.{}", webp >> 16, webp >> 8 & 255, webp & 255),
      fmt::format("giflib {}.{}.{}", GIFLIB_MAJOR, GIFLIB_MINOR, GIFLIB_RELEASE),
      fmt::format("libtiff {}", first_line.substr(first_line.rfind(' ') + 1))};
}

}  // namespace mobileclip
