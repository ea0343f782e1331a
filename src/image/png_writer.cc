#include "image/png_writer.h"

#include <png.h>

#include "base/error.h"

namespace mobileclip {

std::string encode_png(const RgbImage& image) {
  png_image header{};
  header.version = PNG_IMAGE_VERSION;
  header.width = static_cast<png_uint_32>(image.width);
  header.height = static_cast<png_uint_32>(image.height);
  header.format = PNG_FORMAT_RGB;
  png_alloc_size_t size = PNG_IMAGE_PNG_SIZE_MAX(header);
  std::string out(size, '\0');
  const int written =
      png_image_write_to_memory(&header, out.data(), &size, 0, image.pixels.data(), 0, nullptr);
  if (written == 0) fail(ErrorCode::kInternal, "cannot encode a PNG: {}", header.message);
  out.resize(size);
  return out;
}

}  // namespace mobileclip
