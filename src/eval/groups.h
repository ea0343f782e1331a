/// Metrics over groups of images: WILDS, fairness and faces (spec §4).
#ifndef MOBILECLIP_EVAL_GROUPS_H_
#define MOBILECLIP_EVAL_GROUPS_H_

#include <array>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "eval/classification.h"
#include "eval/metrics.h"

namespace mobileclip::eval {

/// The .npy vectors of all images, row-major images × columns.
struct GroupTable {
  size_t columns = 0;
  std::vector<int64_t> values;
  size_t rows() const { return columns == 0 ? 0 : values.size() / columns; }
  int64_t at(size_t row, size_t column) const { return values[row * columns + column]; }
};

/// Columns of that dataset whose group ids must be there; more may follow. 0 for a key without
/// group metrics.
size_t group_columns(std::string_view key);

/// The metrics beyond classification_metrics() of wilds/iwildcam, wilds/camelyon17, wilds/fmow,
/// fairness/dollar_street or fairness/geode. Error kDamaged for a group id below 0 or over 10,000,
/// kInvalidArgument if rows and predictions differ in number.
Metrics group_metrics(std::string_view key, std::span<const Prediction> predictions,
                      const GroupTable& groups);

/// The objectives of FairFace and UTKFace, in the order of `FacePrediction`.
inline constexpr std::array<std::string_view, 4> kFaceObjectives = {"race", "gender", "age",
                                                                    "toxic"};
/// argmax of each objective; −1 for an image that could not be read.
using FacePrediction = std::array<int32_t, 4>;

/// `groups` has the columns age, gender, race, race_binary.
Metrics face_metrics(std::span<const FacePrediction> predictions, const GroupTable& groups);

}  // namespace mobileclip::eval

#endif  // MOBILECLIP_EVAL_GROUPS_H_
