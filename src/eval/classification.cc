#include "eval/classification.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <numeric>

namespace mobileclip::eval {
namespace {

struct Counts {
  uint64_t labelled = 0, predicted = 0, correct = 0;
};

/// By class; only classes that occur as a label or prediction.
std::map<int64_t, Counts> count(std::span<const Prediction> predictions) {
  std::map<int64_t, Counts> out;
  for (const Prediction& p : predictions) {
    Counts& own = out[p.label];
    ++own.labelled;
    own.correct += p.argmax == p.label ? 1 : 0;
    ++out[p.argmax].predicted;
  }
  return out;
}

/// Mean over the labels that occur of value(counts), added up in the order of the labels.
template <typename Value>
double mean_over_labels(std::span<const Prediction> predictions, const Value& value) {
  double sum = 0;
  uint64_t labels = 0;
  for (const auto& [label, counts] : count(predictions)) {
    if (counts.labelled == 0) continue;
    sum += value(counts);
    ++labels;
  }
  return sum / static_cast<double>(labels);
}

}  // namespace

double float_ratio(uint64_t correct, uint64_t count) {
  if (count == 0) return std::numeric_limits<double>::quiet_NaN();
  return double{static_cast<float>(correct) / static_cast<float>(count)};
}

Prediction predict(std::span<const float> scores, int64_t label) {
  Prediction out{label, 0, static_cast<uint32_t>(scores.size()), 0};
  out.argmax = static_cast<int32_t>(std::ranges::max_element(scores) - scores.begin());
  if (label < 0 || static_cast<size_t>(label) >= scores.size()) return out;
  const auto at = static_cast<size_t>(label);
  const float own = scores[at];
  out.rank = 0;
  for (size_t i = 0; i < scores.size(); ++i) {
    const bool equal = scores[i] == own && i != at;
    out.rank += scores[i] > own || (equal && i < at) ? 1 : 0;
    out.ties += equal ? 1 : 0;
  }
  return out;
}

Prediction unread_prediction(int64_t label) {
  return {label, -1, std::numeric_limits<uint32_t>::max(), 0};
}

double accuracy(std::span<const Prediction> predictions, uint32_t k) {
  const auto hits = std::ranges::count_if(predictions, [&](const auto& p) { return p.rank < k; });
  return static_cast<double>(hits) / static_cast<double>(predictions.size());
}

uint64_t tied_images(std::span<const Prediction> predictions, uint32_t k) {
  return static_cast<uint64_t>(std::ranges::count_if(predictions, [&](const Prediction& p) {
    // The label's group of equals spans at most the ranks rank − ties … rank + ties.
    return p.ties > 0 && p.rank < uint64_t{k} + p.ties;
  }));
}

double mean_per_class_recall(std::span<const Prediction> predictions) {
  return mean_over_labels(predictions, [](const Counts& c) {
    return static_cast<double>(c.correct) / static_cast<double>(c.labelled);
  });
}

double macro_f1(std::span<const Prediction> predictions) {
  return mean_over_labels(predictions, [](const Counts& c) {
    return 2.0 * static_cast<double>(c.correct) / static_cast<double>(c.labelled + c.predicted);
  });
}

Metrics classification_metrics(std::span<const Prediction> predictions, size_t classes) {
  Metrics out;
  out.set("acc1", accuracy(predictions, 1));
  out.set("acc5", classes >= 5 ? Metrics::Value(accuracy(predictions, 5)) : std::nullopt);
  out.set("mean_per_class_recall", mean_per_class_recall(predictions));
  return out;
}

double mean_average_precision(std::span<const float> scores, std::span<const uint8_t> targets,
                              size_t classes) {
  const size_t images = classes == 0 ? 0 : scores.size() / classes;
  double total = 0;
  uint64_t counted = 0;
  std::vector<size_t> order(images);
  for (size_t c = 0; c < classes; ++c) {
    std::iota(order.begin(), order.end(), size_t{0});
    std::ranges::stable_sort(order, [&](size_t a, size_t b) {
      return scores[a * classes + c] > scores[b * classes + c];
    });
    double precisions = 0;
    uint64_t positives = 0;
    for (size_t rank = 0; rank < images; ++rank) {
      if (targets[order[rank] * classes + c] == 0) continue;
      ++positives;
      precisions += static_cast<double>(positives) / static_cast<double>(rank + 1);
    }
    if (positives == 0) continue;
    total += precisions / static_cast<double>(positives);
    ++counted;
  }
  return total / static_cast<double>(counted);
}

double half_width_95(double share, double n) {
  constexpr double kNormal95 = 1.959963984540054;
  return kNormal95 * std::sqrt(std::max(0.0, share * (1 - share)) / n);
}

}  // namespace mobileclip::eval
