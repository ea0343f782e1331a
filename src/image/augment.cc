#include "image/augment.h"

#include <cmath>

#include "base/error.h"

namespace mobileclip {
namespace {

RgbImage cropped(const RgbImage& image, const CropBox& box) {
  const int64_t bottom = int64_t{box.top} + box.height;
  const int64_t right = int64_t{box.left} + box.width;
  if (box.top < 0 || box.left < 0 || box.height <= 0 || box.width <= 0 ||
      bottom > static_cast<int64_t>(image.height) || right > static_cast<int64_t>(image.width)) {
    fail(ErrorCode::kInvalidArgument,
         "the crop top {} left {} height {} width {} is not inside the image of {} x {}", box.top,
         box.left, box.height, box.width, image.width, image.height);
  }
  const auto width = static_cast<size_t>(box.width), height = static_cast<size_t>(box.height);
  RgbImage out{width, height, {}};
  out.pixels.reserve(3 * width * height);
  for (size_t y = 0; y < height; ++y) {
    const auto begin =
        image.pixels.begin() +
        static_cast<ptrdiff_t>(
            3 * ((static_cast<size_t>(box.top) + y) * image.width + static_cast<size_t>(box.left)));
    out.pixels.insert(out.pixels.end(), begin, begin + static_cast<ptrdiff_t>(3 * width));
  }
  return out;
}

/// torchvision's RandomResizedCrop.get_params: ten tries, then the largest centred box.
CropBox sample_box(size_t image_width, size_t image_height, const AugmentPolicy& policy,
                   CounterRng& rng) {
  const auto width = static_cast<double>(image_width), height = static_cast<double>(image_height);
  const double log_low = std::log(policy.ratio_low), log_high = std::log(policy.ratio_high);
  for (int attempt = 0; attempt < 10; ++attempt) {
    const double area = width * height * rng.uniform(policy.scale_low, policy.scale_high);
    const double ratio = std::exp(rng.uniform(log_low, log_high));
    const double w = std::nearbyint(std::sqrt(area * ratio));
    const double h = std::nearbyint(std::sqrt(area / ratio));
    if (w < 1 || h < 1 || w > width || h > height) continue;
    const auto rows = static_cast<uint64_t>(height - h), columns = static_cast<uint64_t>(width - w);
    return {static_cast<int>(rng.below(rows + 1)), static_cast<int>(rng.below(columns + 1)),
            static_cast<int>(h), static_cast<int>(w)};
  }
  double w = width, h = height;
  if (width / height < policy.ratio_low) h = std::nearbyint(width / policy.ratio_low);
  if (width / height > policy.ratio_high) w = std::nearbyint(height * policy.ratio_high);
  w = std::max(w, 1.0);
  h = std::max(h, 1.0);
  return {static_cast<int>((height - h) / 2), static_cast<int>((width - w) / 2),
          static_cast<int>(h), static_cast<int>(w)};
}

/// Element `bin` of torch.linspace(0, high, 31) in float32.
float linspace31(float high, int bin) {
  const float step = high / 30;
  return bin < 15 ? step * static_cast<float>(bin) : high - step * static_cast<float>(30 - bin);
}

}  // namespace

RgbImage apply_op(const RgbImage& image, const RandOp& op) {
  if (op.op < 0 || op.op >= kRandOps) {
    fail(ErrorCode::kInvalidArgument, "augmentation operation {} is not one of 0 to {}", op.op,
         kRandOps - 1);
  }
  if (!std::isfinite(op.magnitude)) {
    fail(ErrorCode::kInvalidArgument, "the magnitude of augmentation operation {} is not finite",
         op.op);
  }
  if (op.op == kIdentity) return image;
  return op.op <= kRotate ? apply_geometric_op(image, op) : apply_color_op(image, op);
}

RgbImage replay(const RgbImage& image, const Augmentation& augmentation, int size,
                Interpolation interpolation) {
  if (size <= 0) fail(ErrorCode::kInvalidArgument, "the size of a view must be positive");
  const auto side = static_cast<size_t>(size);
  const Window window{0, 0, side, side};
  RgbImage out = augmentation.crop ? resample_window(cropped(image, *augmentation.crop), side, side,
                                                     interpolation, window)
                                   : resample_window(image, side, side, interpolation, window);
  for (const RandOp& op : augmentation.ops) out = apply_op(out, op);
  return out;
}

bool is_signed(int op) { return op >= kShearX && op <= kSharpness; }

float magnitude_of(int op, const AugmentPolicy& policy) {
  switch (op) {
    case kShearX:
    case kShearY:
      return linspace31(0.3F, policy.bin);
    case kTranslateX:
    case kTranslateY:
      return linspace31(static_cast<float>(150.0 / 331.0 * policy.size), policy.bin);
    case kRotate:
      return linspace31(30.0F, policy.bin);
    case kBrightness:
    case kColor:
    case kContrast:
    case kSharpness:
      return linspace31(0.9F, policy.bin);
    case kPosterize:
      return 8 - std::nearbyint(static_cast<float>(policy.bin) / (30.0F / 4));
    case kSolarize:
      return 255.0F - linspace31(255.0F, policy.bin);
    default:
      return 0;
  }
}

Augmentation sample_augmentation(size_t width, size_t height, const AugmentPolicy& policy,
                                 CounterRng& rng) {
  Augmentation out;
  out.crop = sample_box(width, height, policy, rng);
  for (int i = 0; i < policy.ops; ++i) {
    const auto op = static_cast<int>(rng.below(kRandOps));
    float magnitude = magnitude_of(op, policy);
    if (is_signed(op) && rng.below(2) == 1) magnitude = -magnitude;
    out.ops.push_back({op, magnitude});
  }
  return out;
}

}  // namespace mobileclip
