// Shear, translate, rotate: Pillow's nearest-neighbour affine transform.
#include <array>
#include <cmath>
#include <cstring>
#include <numbers>

#include "image/augment_ops.h"

namespace mobileclip {
namespace {

/// x_src = a[0] x + a[1] y + a[2], y_src = a[3] x + a[4] y + a[5], of pixel centres.
using Affine = std::array<double, 6>;

/// Where each output pixel comes from; outside: black.
template <typename SourceOf>
RgbImage map_pixels(const RgbImage& image, SourceOf&& source_of) {
  RgbImage out{image.width, image.height, std::vector<uint8_t>(image.pixels.size())};
  const auto width = static_cast<int64_t>(image.width);
  const auto height = static_cast<int64_t>(image.height);
  uint8_t* to = out.pixels.data();
  for (int64_t y = 0; y < height; ++y) {
    for (int64_t x = 0; x < width; ++x, to += 3) {
      const auto [sx, sy] = source_of(x, y);
      if (sx < 0 || sx >= width || sy < 0 || sy >= height) continue;
      std::memcpy(to, image.pixels.data() + 3 * (sy * width + sx), 3);
    }
  }
  return out;
}

/// 16.16 fixed point, as Pillow does for images whose coordinates fit.
RgbImage affine_fixed(const RgbImage& image, const Affine& a) {
  const auto fix = [](double v) { return static_cast<int64_t>(std::floor(v * 65536.0 + 0.5)); };
  const int64_t a0 = fix(a[0]), a1 = fix(a[1]), a3 = fix(a[3]), a4 = fix(a[4]);
  const int64_t a2 = fix(a[2] + a[0] * 0.5 + a[1] * 0.5);
  const int64_t a5 = fix(a[5] + a[3] * 0.5 + a[4] * 0.5);
  return map_pixels(image, [&](int64_t x, int64_t y) {
    return std::pair{(a2 + a1 * y + a0 * x) >> 16, (a5 + a4 * y + a3 * x) >> 16};
  });
}

/// Translation: doubles, source pixel floor(x + 1/2 + shift).
RgbImage translate(const RgbImage& image, double dx, double dy) {
  const auto shift_x = static_cast<int64_t>(std::floor(0.5 + dx));
  const auto shift_y = static_cast<int64_t>(std::floor(0.5 + dy));
  return map_pixels(image, [&](int64_t x, int64_t y) {
    return std::pair{x + shift_x, y + shift_y};
  });
}

double round15(double v) { return std::round(v * 1e15) / 1e15; }

RgbImage rotate(const RgbImage& image, double degrees) {
  degrees = std::fmod(degrees, 360.0);
  if (degrees < 0) degrees += 360;
  if (degrees == 0) return image;
  const double radians = -(degrees * std::numbers::pi / 180.0);
  const double c = round15(std::cos(radians)), s = round15(std::sin(radians));
  const double cx = static_cast<double>(image.width) / 2.0;
  const double cy = static_cast<double>(image.height) / 2.0;
  Affine a{c, s, 0, round15(-std::sin(radians)), c, 0};
  a[2] = a[0] * -cx + a[1] * -cy + cx;
  a[5] = a[3] * -cx + a[4] * -cy + cy;
  return affine_fixed(image, a);
}

}  // namespace

RgbImage apply_geometric_op(const RgbImage& image, const RandOp& op) {
  const double m = static_cast<double>(op.magnitude);
  switch (op.op) {
    case kShearX:
    case kShearY: {
      // torchvision shears by atan(m) about the corner: its inverse matrix is 1, -tan(-atan m).
      const double level = std::tan(std::atan(m));
      return op.op == kShearX ? affine_fixed(image, {1, level, 0, 0, 1, 0})
                              : affine_fixed(image, {1, 0, 0, level, 1, 0});
    }
    case kTranslateX:
      return translate(image, -std::trunc(m), 0);
    case kTranslateY:
      return translate(image, 0, -std::trunc(m));
    default:
      return rotate(image, m);
  }
}

}  // namespace mobileclip
