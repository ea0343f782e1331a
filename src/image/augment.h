/// Stored augmentations: a crop of the original image and the operations after it, drawn once and
/// replayed bit for bit (spec/training §2.4, §3).
#ifndef MOBILECLIP_IMAGE_AUGMENT_H_
#define MOBILECLIP_IMAGE_AUGMENT_H_

#include <optional>
#include <vector>

#include "base/counter_rng.h"
#include "image/augment_ops.h"
#include "image/resample.h"

namespace mobileclip {

/// In pixels of the original image.
struct CropBox {
  int top = 0, left = 0, height = 0, width = 0;
};

struct Augmentation {
  std::optional<CropBox> crop;  ///< none: the whole image
  std::vector<RandOp> ops;      ///< in order; empty: RandAugment was skipped
};

/// Crop, resize to `size` × `size` with the exact resampler, then the operations. Pure.
/// kInvalidArgument if the box is empty or not inside the image, or for a bad operation.
RgbImage replay(const RgbImage& image, const Augmentation& augmentation, int size,
                Interpolation interpolation = Interpolation::kBicubic);

/// How augmentations are drawn: torchvision's RandomResizedCrop and RandAugment.
struct AugmentPolicy {
  double scale_low = 0.08, scale_high = 1;
  double ratio_low = 3.0 / 4, ratio_high = 4.0 / 3;
  int ops = 2;     ///< how many operations; 0: none
  int bin = 9;     ///< magnitude bin, 0 … 30
  int size = 224;  ///< translations are a fraction of it
};

/// The crop is inside `width` × `height` (both > 0). The same generator state gives the same
/// result everywhere.
Augmentation sample_augmentation(size_t width, size_t height, const AugmentPolicy& policy,
                                 CounterRng& rng);

/// Magnitude of an operation at the policy's bin, without its sign, as float32 linspace gives it.
float magnitude_of(int op, const AugmentPolicy& policy);
/// Whether the sign of its magnitude is drawn.
bool is_signed(int op);

}  // namespace mobileclip

#endif  // MOBILECLIP_IMAGE_AUGMENT_H_
