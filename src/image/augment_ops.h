/// RandAugment's operations on 8-bit RGB, as Pillow 9.4 and torchvision 0.14 compute them.
#ifndef MOBILECLIP_IMAGE_AUGMENT_OPS_H_
#define MOBILECLIP_IMAGE_AUGMENT_OPS_H_

#include "image/image.h"

namespace mobileclip {

/// The published operation numbers (spec/training §3).
enum RandOpId : int {
  kIdentity,
  kShearX,
  kShearY,
  kTranslateX,
  kTranslateY,
  kRotate,
  kBrightness,
  kColor,
  kContrast,
  kSharpness,
  kPosterize,
  kSolarize,
  kAutoContrast,
  kEqualize,
  kRandOps
};

/// One stored operation: number and magnitude as in `paug.json`.
struct RandOp {
  int op = kIdentity;
  float magnitude = 0;
};

/// The image after one operation, same size; nearest neighbour and black fill where pixels move.
/// Bit-exact. Pure. kInvalidArgument for an unknown number or a magnitude that is not finite.
RgbImage apply_op(const RgbImage& image, const RandOp& op);

/// The geometric and the colour half of apply_op().
RgbImage apply_geometric_op(const RgbImage& image, const RandOp& op);
RgbImage apply_color_op(const RgbImage& image, const RandOp& op);

}  // namespace mobileclip

#endif  // MOBILECLIP_IMAGE_AUGMENT_OPS_H_
