/// Zero-shot classification: ranks of single images, and what follows from them (spec §3).
#ifndef MOBILECLIP_EVAL_CLASSIFICATION_H_
#define MOBILECLIP_EVAL_CLASSIFICATION_H_

#include <cstdint>
#include <span>
#include <vector>

#include "eval/metrics.h"

namespace mobileclip::eval {

/// What is kept of one image's scores.
struct Prediction {
  int64_t label = 0;
  int32_t argmax = 0;  ///< lowest index on ties; −1: the image could not be read
  uint32_t rank = 0;   ///< classes that score above the label, or equal with a lower index
  uint32_t ties = 0;   ///< other classes that score as the label does
};

/// Of one row of scores. A label outside the row has the rank of one behind all.
Prediction predict(std::span<const float> scores, int64_t label);
/// An image that counts as wrong whatever is asked.
Prediction unread_prediction(int64_t label);

/// Images whose label is among the k best, over all images; in double.
double accuracy(std::span<const Prediction> predictions, uint32_t k);
/// Images where another class ties with the label while rank k is in reach: where the order within
/// ties decides.
uint64_t tied_images(std::span<const Prediction> predictions, uint32_t k);
/// Mean over the labels that occur of their recall, by argmax.
double mean_per_class_recall(std::span<const Prediction> predictions);
/// Mean over the labels that occur of their F1, by argmax.
double macro_f1(std::span<const Prediction> predictions);
/// acc1, acc5 (null below five classes), mean_per_class_recall.
Metrics classification_metrics(std::span<const Prediction> predictions, size_t classes);

/// Mean average precision of images × classes scores (row-major) against 0/1 targets; classes
/// without a positive are left out. Equal scores: the lower image first.
double mean_average_precision(std::span<const float> scores, std::span<const uint8_t> targets,
                              size_t classes);

/// Half the width of the 95 % interval of a share measured on n: 1.96 · sqrt(p (1 − p) / n).
double half_width_95(double share, double n);

}  // namespace mobileclip::eval

#endif  // MOBILECLIP_EVAL_CLASSIFICATION_H_
