#include <cctype>
#include <string_view>

#include "image/decode.h"

namespace mobileclip {

using namespace std::string_view_literals;  // NOLINT(google-build-using-namespace)

ImageFormat detect_image_format(std::span<const std::byte> bytes) {
  const std::string_view head(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  if (head.starts_with("\xff\xd8\xff"sv)) return ImageFormat::kJpeg;
  if (head.starts_with("\x89PNG\r\n\x1a\n"sv)) return ImageFormat::kPng;
  if (head.starts_with("RIFF"sv) && head.size() >= 12 && head.substr(8, 4) == "WEBP"sv) {
    return ImageFormat::kWebp;
  }
  if (head.starts_with("GIF87a"sv) || head.starts_with("GIF89a"sv)) return ImageFormat::kGif;
  if (head.starts_with("II*\0"sv) || head.starts_with("MM\0*"sv)) return ImageFormat::kTiff;
  if (head.starts_with("II+\0"sv) || head.starts_with("MM\0+"sv)) return ImageFormat::kTiff;
  // "BM" alone is common in text: the reserved fields are 0 in every BMP.
  if (head.starts_with("BM"sv) && head.size() >= 10 && head.substr(6, 4) == "\0\0\0\0"sv) {
    return ImageFormat::kBmp;
  }
  if (head.size() >= 3 && head[0] == 'P' && head[1] >= '1' && head[1] <= '6' &&
      std::isspace(static_cast<unsigned char>(head[2])) != 0) {
    return ImageFormat::kPnm;
  }
  return ImageFormat::kUnknown;
}

std::string_view image_format_name(ImageFormat format) {
  switch (format) {
    case ImageFormat::kJpeg:
      return "JPEG";
    case ImageFormat::kPng:
      return "PNG";
    case ImageFormat::kWebp:
      return "WebP";
    case ImageFormat::kGif:
      return "GIF";
    case ImageFormat::kTiff:
      return "TIFF";
    case ImageFormat::kBmp:
      return "BMP";
    case ImageFormat::kPnm:
      return "PNM";
    case ImageFormat::kUnknown:
      break;
  }
  return "unknown";
}

}  // namespace mobileclip
