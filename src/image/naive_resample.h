/// The slow obvious twin of resample_window: the whole image is resized, then cropped.
#ifndef MOBILECLIP_IMAGE_NAIVE_RESAMPLE_H_
#define MOBILECLIP_IMAGE_NAIVE_RESAMPLE_H_

#include <algorithm>
#include <cmath>
#include <vector>

#include "image/resample.h"

namespace mobileclip {

inline double naive_filter(double x, bool cubic) {
  x = std::fabs(x);
  if (!cubic) return x < 1 ? 1 - x : 0;
  if (x < 1) return (1.5 * x - 2.5) * x * x + 1;
  return x < 2 ? (((x - 5) * x + 8) * x - 4) * -0.5 : 0;
}

/// One line of `in` samples, `step` apart, to `out` samples.
inline std::vector<uint8_t> naive_line(const uint8_t* from, size_t step, size_t in, size_t out,
                                       bool cubic) {
  std::vector<uint8_t> line(out);
  const double scale = static_cast<double>(in) / static_cast<double>(out);
  const double stretch = std::max(scale, 1.0);
  const double support = (cubic ? 2.0 : 1.0) * stretch;
  for (size_t i = 0; i < out; ++i) {
    const double centre = (static_cast<double>(i) + 0.5) * scale;
    const int first = std::max(0, static_cast<int>(centre - support + 0.5));
    const int last = std::min(static_cast<int>(in), static_cast<int>(centre + support + 0.5));
    std::vector<double> weights;
    double sum = 0;
    for (int k = first; k < last; ++k) {
      weights.push_back(naive_filter((k - centre + 0.5) * (1.0 / stretch), cubic));
      sum += weights.back();
    }
    int64_t total = 1 << 21;
    for (int k = first; k < last; ++k) {
      const double w = weights[static_cast<size_t>(k - first)] / sum;
      total += static_cast<int>(w * (1 << 22) + (w < 0 ? -0.5 : 0.5)) *
               int64_t{from[static_cast<size_t>(k) * step]};
    }
    line[i] = static_cast<uint8_t>(std::clamp<int64_t>(total >> 22, 0, 255));
  }
  return line;
}

inline RgbImage naive_resize_and_crop(const RgbImage& image, size_t width, size_t height,
                                      Interpolation interpolation, const Window& window) {
  const bool cubic = interpolation == Interpolation::kBicubic;
  RgbImage wide{width, image.height, std::vector<uint8_t>(width * image.height * 3)};
  for (size_t y = 0; y < image.height; ++y) {
    for (size_t c = 0; c < 3; ++c) {
      const auto line =
          naive_line(&image.pixels[y * image.width * 3 + c], 3, image.width, width, cubic);
      for (size_t x = 0; x < width; ++x) wide.pixels[(y * width + x) * 3 + c] = line[x];
    }
  }
  RgbImage full{width, height, std::vector<uint8_t>(width * height * 3)};
  for (size_t i = 0; i < width * 3; ++i) {
    const auto line = naive_line(&wide.pixels[i], width * 3, image.height, height, cubic);
    for (size_t y = 0; y < height; ++y) full.pixels[y * width * 3 + i] = line[y];
  }
  RgbImage crop{window.width, window.height, {}};
  for (size_t y = 0; y < window.height; ++y) {
    const auto row = full.pixels.begin() +
                     static_cast<std::ptrdiff_t>(((window.top + y) * width + window.left) * 3);
    crop.pixels.insert(crop.pixels.end(), row, row + static_cast<std::ptrdiff_t>(window.width * 3));
  }
  return crop;
}

}  // namespace mobileclip

#endif  // MOBILECLIP_IMAGE_NAIVE_RESAMPLE_H_
