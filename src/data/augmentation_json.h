/// `paug.json`: the stored augmentations of a record (spec/training §2.4).
#ifndef MOBILECLIP_DATA_AUGMENTATION_JSON_H_
#define MOBILECLIP_DATA_AUGMENTATION_JSON_H_

#include <string>
#include <vector>

#include "image/augment.h"

namespace mobileclip {

/// {"param_aug": [[[top, left, height, width], [[op, magnitude], …]], …]}; the list may stand in a
/// string, as some viewers export it; null is an operation that was skipped. kDamaged with what is
/// wrong.
std::vector<Augmentation> parse_augmentations(const std::string& json, const std::string& what);
/// The same form; magnitudes as the float32's exact double.
std::string augmentations_json(const std::vector<Augmentation>& augmentations);

}  // namespace mobileclip

#endif  // MOBILECLIP_DATA_AUGMENTATION_JSON_H_
