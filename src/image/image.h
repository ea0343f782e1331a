/// Decoded pixels.
#ifndef MOBILECLIP_IMAGE_IMAGE_H_
#define MOBILECLIP_IMAGE_IMAGE_H_

#include <cstddef>
#include <cstdint>
#include <vector>

namespace mobileclip {

/// 8-bit RGB, row-major height × width × 3, no padding between rows.
struct RgbImage {
  size_t width = 0;
  size_t height = 0;
  std::vector<uint8_t> pixels;
};

}  // namespace mobileclip

#endif  // MOBILECLIP_IMAGE_IMAGE_H_
