#include "kernels/im2col.h"

#include <algorithm>
#include <cstring>

namespace mobileclip::kernels {

void im2col(const float* in, const ConvGeometry& g, size_t begin, size_t end, float* out) {
  const size_t out_width = g.out_width();
  const size_t line = g.kernel * g.channels;  // one kernel row: contiguous in the image
  for (size_t position = begin; position < end; ++position) {
    const size_t top = position / out_width * g.stride;  // in the padded image
    const size_t left = position % out_width * g.stride;
    // Columns of the kernel that meet the image.
    const size_t first = left < g.padding ? g.padding - left : 0;
    const size_t last = std::min(g.kernel, g.width + g.padding - left);
    for (size_t ky = 0; ky < g.kernel; ++ky, out += line) {
      const size_t y = top + ky;
      if (y < g.padding || y >= g.height + g.padding) {
        std::fill_n(out, line, 0.0f);
        continue;
      }
      const float* row = in + (y - g.padding) * g.width * g.channels;
      std::fill_n(out, first * g.channels, 0.0f);
      std::memcpy(out + first * g.channels, row + (left + first - g.padding) * g.channels,
                  (last - first) * g.channels * sizeof(float));
      std::fill_n(out + last * g.channels, (g.kernel - last) * g.channels, 0.0f);
    }
  }
}

}  // namespace mobileclip::kernels
