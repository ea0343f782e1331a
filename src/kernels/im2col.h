/// Patches of a channels-last image as rows of a matrix, for dense convolutions through gemm.
#ifndef MOBILECLIP_KERNELS_IM2COL_H_
#define MOBILECLIP_KERNELS_IM2COL_H_

#include <cstddef>

namespace mobileclip::kernels {

struct ConvGeometry {
  size_t height = 0, width = 0, channels = 0;  ///< of the input
  size_t kernel = 1, stride = 1, padding = 0;
  size_t out_height() const { return (height + 2 * padding - kernel) / stride + 1; }
  size_t out_width() const { return (width + 2 * padding - kernel) / stride + 1; }
  size_t columns() const { return kernel * kernel * channels; }
};

/// Output positions [begin, end) (row-major over out_height × out_width) as rows of columns()
/// values in (ky, kx, channel) order; outside the image 0. The weight must be packed in the same
/// order.
void im2col(const float* in, const ConvGeometry& geometry, size_t begin, size_t end, float* out);

}  // namespace mobileclip::kernels

#endif  // MOBILECLIP_KERNELS_IM2COL_H_
