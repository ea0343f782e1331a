#include "image/resample.h"

#include <algorithm>
#include <cmath>

namespace mobileclip {
namespace {

constexpr int kPrecision = 32 - 8 - 2;

double bilinear(double x) {
  x = std::abs(x);
  return x < 1.0 ? 1.0 - x : 0.0;
}

double bicubic(double x) {
  constexpr double a = -0.5;
  x = std::abs(x);
  if (x < 1.0) return ((a + 2.0) * x - (a + 3.0)) * x * x + 1;
  if (x < 2.0) return (((x - 5) * x + 8) * x - 4) * a;
  return 0.0;
}

/// For each wanted output: which inputs, and their fixed-point weights.
struct Weights {
  struct Span {
    size_t first, count;
  };
  std::vector<Span> spans;
  std::vector<int32_t> values;  // `stride` for each output
  size_t stride = 0;
  const int32_t* of(size_t i) const { return values.data() + i * stride; }
};

Weights make_weights(size_t in, size_t out, size_t begin, size_t count,
                     Interpolation interpolation) {
  const bool cubic = interpolation == Interpolation::kBicubic;
  const auto filter = cubic ? bicubic : bilinear;
  const double scale = static_cast<double>(in) / static_cast<double>(out);
  const double filter_scale = std::max(scale, 1.0);
  const double support = (cubic ? 2.0 : 1.0) * filter_scale;
  const double inverse = 1.0 / filter_scale;
  Weights weights;
  weights.stride = static_cast<size_t>(std::ceil(support)) * 2 + 1;
  weights.spans.resize(count);
  weights.values.assign(count * weights.stride, 0);
  std::vector<double> row(weights.stride);
  for (size_t i = 0; i < count; ++i) {
    const double centre = (static_cast<double>(begin + i) + 0.5) * scale;
    const auto low = static_cast<int64_t>(centre - support + 0.5);
    const auto high = static_cast<int64_t>(centre + support + 0.5);
    const auto first = static_cast<size_t>(std::max<int64_t>(low, 0));
    const size_t last = std::min(in, static_cast<size_t>(std::max<int64_t>(high, 0)));
    const size_t taps = last - first;
    double sum = 0;
    for (size_t t = 0; t < taps; ++t) {
      row[t] = filter((static_cast<double>(t + first) - centre + 0.5) * inverse);
      sum += row[t];
    }
    weights.spans[i] = {first, taps};
    for (size_t t = 0; t < taps; ++t) {
      const double w = (sum != 0.0 ? row[t] / sum : row[t]) * (1 << kPrecision);
      weights.values[i * weights.stride + t] = static_cast<int32_t>(w < 0 ? w - 0.5 : w + 0.5);
    }
  }
  return weights;
}

uint8_t clip(int32_t sum) { return static_cast<uint8_t>(std::clamp(sum >> kPrecision, 0, 255)); }

/// Source rows [first, first + out.height) to the window's columns.
void horizontal(const RgbImage& in, size_t first, const Weights& weights, RgbImage& out) {
  for (size_t y = 0; y < out.height; ++y) {
    const uint8_t* row = &in.pixels[(first + y) * in.width * 3];
    uint8_t* to = &out.pixels[y * out.width * 3];
    for (size_t x = 0; x < out.width; ++x, to += 3) {
      const int32_t* w = weights.of(x);
      const uint8_t* from = row + weights.spans[x].first * 3;
      int32_t r = 1 << (kPrecision - 1);
      int32_t g = r;
      int32_t b = r;
      for (size_t t = 0; t < weights.spans[x].count; ++t, from += 3) {
        r += from[0] * w[t];
        g += from[1] * w[t];
        b += from[2] * w[t];
      }
      to[0] = clip(r);
      to[1] = clip(g);
      to[2] = clip(b);
    }
  }
}

/// Rows of `in` (whose first is source row `offset`) to the window's rows, a whole row at a time.
void vertical(const RgbImage& in, size_t offset, const Weights& weights, RgbImage& out) {
  const size_t line = out.width * 3;
  std::vector<int32_t> sums(line);
  for (size_t y = 0; y < out.height; ++y) {
    std::fill(sums.begin(), sums.end(), 1 << (kPrecision - 1));
    const int32_t* w = weights.of(y);
    const Weights::Span& span = weights.spans[y];
    for (size_t t = 0; t < span.count; ++t) {
      const uint8_t* row = &in.pixels[(span.first - offset + t) * line];
      for (size_t i = 0; i < line; ++i) sums[i] += row[i] * w[t];
    }
    uint8_t* to = &out.pixels[y * line];
    for (size_t i = 0; i < line; ++i) to[i] = clip(sums[i]);
  }
}

RgbImage blank(size_t width, size_t height) {
  RgbImage image;
  image.width = width;
  image.height = height;
  image.pixels.resize(width * height * 3);
  return image;
}

}  // namespace

RgbImage resample_window(const RgbImage& image, size_t width, size_t height,
                         Interpolation interpolation, const Window& window) {
  // Source rows that the vertical pass will ask for.
  size_t first = window.top;
  size_t last = window.top + window.height;
  Weights rows;
  const bool resize_rows = height != image.height;
  if (resize_rows) {
    rows = make_weights(image.height, height, window.top, window.height, interpolation);
    first = image.height;
    last = 0;
    for (const Weights::Span& span : rows.spans) {
      first = std::min(first, span.first);
      last = std::max(last, span.first + span.count);
    }
  }
  RgbImage narrow = blank(window.width, last - first);
  if (width != image.width) {
    const Weights columns =
        make_weights(image.width, width, window.left, window.width, interpolation);
    horizontal(image, first, columns, narrow);
  } else {
    for (size_t y = 0; y < narrow.height; ++y) {
      std::copy_n(&image.pixels[((first + y) * image.width + window.left) * 3], window.width * 3,
                  &narrow.pixels[y * window.width * 3]);
    }
  }
  if (!resize_rows) return narrow;
  RgbImage out = blank(window.width, window.height);
  vertical(narrow, first, rows, out);
  return out;
}

}  // namespace mobileclip
