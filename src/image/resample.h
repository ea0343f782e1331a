/// Pillow's antialiased two-pass resampler, restricted to a window of its output.
#ifndef MOBILECLIP_IMAGE_RESAMPLE_H_
#define MOBILECLIP_IMAGE_RESAMPLE_H_

#include <cstddef>

#include "image/image.h"
#include "image/preprocess.h"

namespace mobileclip {

/// A rectangle of the resized image.
struct Window {
  size_t left = 0, top = 0, width = 0, height = 0;
};

/// The pixels that resizing `image` to `width` × `height` would have inside `window`, bit-equal to
/// Pillow 9.4's Image.resize: horizontal pass first, into 8 bits, with 22-bit fixed-point weights;
/// a pass that keeps its extent is skipped. Only the rows and columns that are needed are touched.
RgbImage resample_window(const RgbImage& image, size_t width, size_t height,
                         Interpolation interpolation, const Window& window);

}  // namespace mobileclip

#endif  // MOBILECLIP_IMAGE_RESAMPLE_H_
