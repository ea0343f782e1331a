/// From decoded pixels to the model's crop: Resize(S), CenterCrop(S), as Pillow and torchvision do
/// it.
#ifndef MOBILECLIP_IMAGE_PREPROCESS_H_
#define MOBILECLIP_IMAGE_PREPROCESS_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

#include "image/decode.h"
#include "image/image.h"

namespace mobileclip {

enum class Interpolation { kBilinear, kBicubic };

/// What a model expects of its pixels.
struct PreprocessConfig {
  int size = 256;       ///< S: the short edge is resized to S, then the centre S × S is cropped
  bool squash = false;  ///< instead, both edges are resized to S
  Interpolation interpolation = Interpolation::kBilinear;
  std::array<float, 3> mean = {0, 0, 0};
  std::array<float, 3> std = {1, 1, 1};
};

/// The uint8 crop, S × S × 3, bit-equal to Pillow 9.4. Only the cropped window is computed: memory
/// is O(crop + source row window), whatever the aspect ratio.
RgbImage resize_and_crop(const RgbImage& image, const PreprocessConfig& config);

/// value / 255, then (value − mean) / std, in float32, to S·S·3 floats in height × width × channel
/// order (`to_float_hwc`) or channel × height × width (`to_float_chw`).
void to_float_hwc(const RgbImage& crop, const PreprocessConfig& config, float* out);
void to_float_chw(const RgbImage& crop, const PreprocessConfig& config, float* out);

/// decode_image + resize_and_crop.
RgbImage load_crop(std::span<const std::byte> bytes, const PreprocessConfig& config,
                   const DecodeOptions& options = {});

}  // namespace mobileclip

#endif  // MOBILECLIP_IMAGE_PREPROCESS_H_
