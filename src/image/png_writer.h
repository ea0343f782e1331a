/// 8-bit RGB to PNG bytes.
#ifndef MOBILECLIP_IMAGE_PNG_WRITER_H_
#define MOBILECLIP_IMAGE_PNG_WRITER_H_

#include <string>

#include "image/image.h"

namespace mobileclip {

/// The image as a PNG file, without colour space or other chunks.
std::string encode_png(const RgbImage& image);

}  // namespace mobileclip

#endif  // MOBILECLIP_IMAGE_PNG_WRITER_H_
