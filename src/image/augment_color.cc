// Brightness, colour, contrast, sharpness, posterize, solarize, auto-contrast, equalize.
#include <algorithm>
#include <array>
#include <cmath>

#include "image/augment_ops.h"

namespace mobileclip {
namespace {

using Table = std::array<uint8_t, 256>;
using Histogram = std::array<int64_t, 256>;

uint8_t luma(const uint8_t* p) {
  return static_cast<uint8_t>((19595u * p[0] + 38470u * p[1] + 7471u * p[2] + 32768u) >> 16);
}

/// a + alpha (b − a) in float32, truncated; clamped where alpha extrapolates.
uint8_t blend(uint8_t a, uint8_t b, float alpha) {
  const float value =
      static_cast<float>(a) + alpha * static_cast<float>(static_cast<int>(b) - static_cast<int>(a));
  if (alpha >= 0 && alpha <= 1) return static_cast<uint8_t>(static_cast<int>(value));
  if (value <= 0) return 0;
  if (value >= 255) return 255;
  return static_cast<uint8_t>(static_cast<int>(value));
}

RgbImage map_values(const RgbImage& image, const Table& table) {
  RgbImage out = image;
  for (uint8_t& value : out.pixels) value = table[value];
  return out;
}

RgbImage map_channels(const RgbImage& image, const std::array<Table, 3>& tables) {
  RgbImage out = image;
  for (size_t i = 0; i < out.pixels.size(); ++i) out.pixels[i] = tables[i % 3][out.pixels[i]];
  return out;
}

RgbImage blend_with_constant(const RgbImage& image, uint8_t constant, float alpha) {
  Table table;
  for (size_t v = 0; v < 256; ++v) table[v] = blend(constant, static_cast<uint8_t>(v), alpha);
  return map_values(image, table);
}

RgbImage color(const RgbImage& image, float alpha) {
  RgbImage out = image;
  for (size_t i = 0; i + 2 < out.pixels.size(); i += 3) {
    const uint8_t grey = luma(&image.pixels[i]);
    for (size_t c = 0; c < 3; ++c) out.pixels[i + c] = blend(grey, image.pixels[i + c], alpha);
  }
  return out;
}

RgbImage contrast(const RgbImage& image, float alpha) {
  uint64_t sum = 0;
  for (size_t i = 0; i + 2 < image.pixels.size(); i += 3) sum += luma(&image.pixels[i]);
  const size_t pixels = image.pixels.size() / 3;
  const auto mean =
      static_cast<uint8_t>(static_cast<double>(sum) / static_cast<double>(pixels) + 0.5);
  return blend_with_constant(image, mean, alpha);
}

/// Pillow's ImageFilter.SMOOTH: [1 1 1; 1 5 1; 1 1 1] / 13; border pixels are copied.
RgbImage smooth(const RgbImage& image) {
  RgbImage out = image;
  if (image.width < 3 || image.height < 3) return out;
  const size_t row = 3 * image.width;
  constexpr float kSide = 1.0F / 13, kCentre = 5.0F / 13;
  for (size_t y = 1; y + 1 < image.height; ++y) {
    for (size_t x = 3; x + 3 < row; ++x) {
      const uint8_t* p = image.pixels.data() + y * row + x;
      // Pillow adds row by row, bottom row first, onto the rounding half.
      float sum = 0.5F;
      for (const uint8_t* line : {p + row, p, p - row}) {
        const float middle = line == p ? kCentre : kSide;
        sum += static_cast<float>(line[-3]) * kSide + static_cast<float>(line[0]) * middle +
               static_cast<float>(line[3]) * kSide;
      }
      out.pixels[y * row + x] = sum <= 0     ? uint8_t{0}
                                : sum >= 255 ? uint8_t{255}
                                             : static_cast<uint8_t>(sum);
    }
  }
  return out;
}

RgbImage sharpness(const RgbImage& image, float alpha) {
  RgbImage out = smooth(image);
  for (size_t i = 0; i < out.pixels.size(); ++i) {
    out.pixels[i] = blend(out.pixels[i], image.pixels[i], alpha);
  }
  return out;
}

std::array<Histogram, 3> histograms(const RgbImage& image) {
  std::array<Histogram, 3> out{};
  for (size_t i = 0; i + 2 < image.pixels.size(); i += 3) {
    for (size_t c = 0; c < 3; ++c) ++out[c][image.pixels[i + c]];
  }
  return out;
}

Table identity_table() {
  Table table;
  for (size_t v = 0; v < 256; ++v) table[v] = static_cast<uint8_t>(v);
  return table;
}

Table auto_contrast_table(const Histogram& histogram) {
  const auto filled = [](int64_t n) { return n != 0; };
  const auto low = std::ranges::find_if(histogram, filled) - histogram.begin();
  const auto high =
      255 - (std::find_if(histogram.rbegin(), histogram.rend(), filled) - histogram.rbegin());
  Table table = identity_table();
  if (high <= low) return table;
  const double scale = 255.0 / static_cast<double>(high - low);
  const double offset = -static_cast<double>(low) * scale;
  for (size_t v = 0; v < 256; ++v) {
    const int mapped = static_cast<int>(static_cast<double>(v) * scale + offset);
    table[v] = static_cast<uint8_t>(std::clamp(mapped, 0, 255));
  }
  return table;
}

Table equalize_table(const Histogram& histogram) {
  int64_t sum = 0, last = 0, levels = 0;
  for (const int64_t n : histogram) {
    if (n == 0) continue;
    sum += n;
    last = n;
    ++levels;
  }
  const int64_t step = (sum - last) / 255;
  Table table = identity_table();
  if (levels <= 1 || step == 0) return table;
  int64_t n = step / 2;
  for (size_t v = 0; v < 256; ++v) {
    table[v] = static_cast<uint8_t>(std::min<int64_t>(n / step, 255));
    n += histogram[v];
  }
  return table;
}

template <typename MakeTable>
RgbImage by_histogram(const RgbImage& image, const MakeTable& make) {
  const std::array<Histogram, 3> h = histograms(image);
  return map_channels(image, {make(h[0]), make(h[1]), make(h[2])});
}

RgbImage posterize(const RgbImage& image, float bits) {
  const int dropped = std::clamp(8 - static_cast<int>(bits), 0, 8);
  Table table = identity_table();
  for (uint8_t& v : table) v = static_cast<uint8_t>(v & (0xFF << dropped));
  return map_values(image, table);
}

RgbImage solarize(const RgbImage& image, float threshold) {
  Table table = identity_table();
  for (uint8_t& v : table) {
    if (static_cast<float>(v) >= threshold) v = static_cast<uint8_t>(255 - v);
  }
  return map_values(image, table);
}

}  // namespace

RgbImage apply_color_op(const RgbImage& image, const RandOp& op) {
  // Pillow takes the factor as a double and blends with it as a float.
  const auto factor = static_cast<float>(1.0 + static_cast<double>(op.magnitude));
  switch (op.op) {
    case kBrightness:
      return blend_with_constant(image, 0, factor);
    case kColor:
      return color(image, factor);
    case kContrast:
      return contrast(image, factor);
    case kSharpness:
      return sharpness(image, factor);
    case kPosterize:
      return posterize(image, op.magnitude);
    case kSolarize:
      return solarize(image, op.magnitude);
    case kAutoContrast:
      return by_histogram(image, auto_contrast_table);
    default:
      return by_histogram(image, equalize_table);
  }
}

}  // namespace mobileclip
