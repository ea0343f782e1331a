#include "image/preprocess.h"

#include <algorithm>

#include "base/error.h"
#include "image/resample.h"

namespace mobileclip {
namespace {

/// Half of (extent − size), rounded half to even: Python's round().
size_t centre_offset(size_t extent, size_t size) {
  const size_t difference = extent - size;
  const size_t half = difference / 2;
  return difference % 2 == 1 && half % 2 == 1 ? half + 1 : half;
}

/// floor(size · long / short) as Python computes it: one exact product, one rounded quotient.
size_t scaled_edge(size_t size, size_t long_edge, size_t short_edge) {
  return static_cast<size_t>(static_cast<double>(size * long_edge) /
                             static_cast<double>(short_edge));
}

/// The float of each uint8 value of each channel.
using Table = std::array<std::array<float, 256>, 3>;

Table make_table(const PreprocessConfig& config) {
  Table table;
  for (size_t c = 0; c < 3; ++c) {
    for (size_t v = 0; v < 256; ++v) {
      table[c][v] = (static_cast<float>(v) / 255.0f - config.mean[c]) / config.std[c];
    }
  }
  return table;
}

}  // namespace

RgbImage resize_and_crop(const RgbImage& image, const PreprocessConfig& config) {
  if (config.size < 1 || image.width == 0 || image.height == 0) {
    fail(ErrorCode::kInvalidArgument, "cannot resize {}x{} to {}", image.width, image.height,
         config.size);
  }
  const auto size = static_cast<size_t>(config.size);
  if (config.squash) {
    return resample_window(image, size, size, config.interpolation, {0, 0, size, size});
  }
  const bool portrait = image.width <= image.height;
  const size_t short_edge = std::min(image.width, image.height);
  const size_t long_edge = std::max(image.width, image.height);
  const size_t long_resized =
      short_edge == size ? long_edge : scaled_edge(size, long_edge, short_edge);
  const size_t width = portrait ? size : long_resized;
  const size_t height = portrait ? long_resized : size;
  const Window window{centre_offset(width, size), centre_offset(height, size), size, size};
  return resample_window(image, width, height, config.interpolation, window);
}

void to_float_hwc(const RgbImage& crop, const PreprocessConfig& config, float* out) {
  const Table table = make_table(config);
  for (size_t i = 0; i < crop.pixels.size(); i += 3) {
    for (size_t c = 0; c < 3; ++c) out[i + c] = table[c][crop.pixels[i + c]];
  }
}

void to_float_chw(const RgbImage& crop, const PreprocessConfig& config, float* out) {
  const Table table = make_table(config);
  const size_t plane = crop.width * crop.height;
  for (size_t i = 0; i < plane; ++i) {
    for (size_t c = 0; c < 3; ++c) out[c * plane + i] = table[c][crop.pixels[3 * i + c]];
  }
}

RgbImage load_crop(std::span<const std::byte> bytes, const PreprocessConfig& config,
                   const DecodeOptions& options) {
  return resize_and_crop(decode_image(bytes, options).image, config);
}

}  // namespace mobileclip
