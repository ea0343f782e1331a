#include "eval/groups.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>
#include <string>

#include "base/error.h"

namespace mobileclip::eval {
namespace {

constexpr int64_t kMaxGroup = 10'000;

/// A column by which images are grouped; by two, the first counts through fastest.
struct GroupBy {
  std::string_view field;
  size_t column;
};

struct Grouped {
  std::vector<std::string> names;  ///< by group id: "slide:20", "race:0_gender:1"
  std::vector<size_t> of_row;
};

size_t id_at(const GroupTable& groups, size_t row, const GroupBy& by) {
  const int64_t id = groups.at(row, by.column);
  if (id < 0 || id > kMaxGroup) {
    fail(ErrorCode::kDamaged, "image {} has the {} group {}: 0 to {} is expected", row, by.field,
         id, kMaxGroup);
  }
  return static_cast<size_t>(id);
}

Grouped group(const GroupTable& groups, std::vector<GroupBy> by) {
  std::vector<size_t> sizes(by.size(), 0);
  for (size_t row = 0; row < groups.rows(); ++row) {
    for (size_t i = 0; i < by.size(); ++i) {
      sizes[i] = std::max(sizes[i], id_at(groups, row, by[i]) + 1);
    }
  }
  Grouped out;
  const size_t outer = by.size() == 2 ? sizes[1] : 1;
  for (size_t o = 0; o < outer; ++o) {
    for (size_t i = 0; i < sizes[0]; ++i) {
      std::string name = fmt::format("{}:{}", by[0].field, i);
      if (by.size() == 2) name = fmt::format("{}:{}_{}", by[1].field, o, name);
      out.names.push_back(std::move(name));
    }
  }
  for (size_t row = 0; row < groups.rows(); ++row) {
    size_t id = id_at(groups, row, by[0]);
    if (by.size() == 2) id += sizes[0] * id_at(groups, row, by[1]);
    out.of_row.push_back(id);
  }
  return out;
}

using Hit = std::function<bool(size_t row)>;

double average(size_t rows, const Hit& hit) {
  uint64_t correct = 0;
  for (size_t row = 0; row < rows; ++row) correct += hit(row) ? 1 : 0;
  return float_ratio(correct, rows);
}

/// NAME_GROUP and count_GROUP of each group, then `worst`: the lowest of the groups with images.
void add_groups(Metrics& out, std::string_view name, const Grouped& grouped, const Hit& hit,
                std::string worst) {
  std::vector<uint64_t> correct(grouped.names.size()), count(grouped.names.size());
  for (size_t row = 0; row < grouped.of_row.size(); ++row) {
    ++count[grouped.of_row[row]];
    correct[grouped.of_row[row]] += hit(row) ? 1 : 0;
  }
  double lowest = std::numeric_limits<double>::infinity();
  for (size_t g = 0; g < count.size(); ++g) {
    const double value = float_ratio(correct[g], count[g]);
    out.set(fmt::format("{}_{}", name, grouped.names[g]), value);
    out.set(fmt::format("count_{}", grouped.names[g]), static_cast<double>(count[g]));
    if (count[g] > 0) lowest = std::min(lowest, value);
  }
  out.set(std::move(worst), lowest);
}

/// NAME_avg, the groups and NAME_wg.
void add_standard(Metrics& out, const std::string& name, const Grouped& grouped, const Hit& hit) {
  out.set(name + "_avg", average(grouped.of_row.size(), hit));
  add_groups(out, name, grouped, hit, name + "_wg");
}

void add_fmow(Metrics& out, const GroupTable& groups, const Hit& hit) {
  constexpr int64_t kOtherRegion = 5;
  out.set("acc_avg", average(groups.rows(), hit));
  add_groups(out, "acc", group(groups, {{"year", 1}}), hit, "acc_worst_year");
  const Grouped regions = group(groups, {{"region", 0}});
  add_groups(out, "acc", regions, hit, "acc_worst_region");
  double lowest = std::numeric_limits<double>::infinity();
  for (int64_t region = 0; region < static_cast<int64_t>(regions.names.size()); ++region) {
    const Metrics::Value value = *out.find(fmt::format("acc_region:{}", region));
    if (region != kOtherRegion && !std::isnan(*value)) lowest = std::min(lowest, *value);
  }
  out.set("acc_worst_region_no_other",
          std::isinf(lowest) ? Metrics::Value() : Metrics::Value(lowest));
}

}  // namespace

size_t group_columns(std::string_view key) {
  if (key == "wilds/iwildcam") return 0;
  if (key == "wilds/camelyon17" || key == "wilds/fmow") return 2;
  if (key == "fairness/dollar_street" || key == "fairness/geode") return 1;
  if (key == "fairness/fairface" || key == "fairness/utkface") return 4;
  return 0;
}

Metrics group_metrics(std::string_view key, std::span<const Prediction> predictions,
                      const GroupTable& groups) {
  const bool needs_groups = group_columns(key) > 0;
  if (needs_groups &&
      (groups.rows() != predictions.size() || groups.columns < group_columns(key))) {
    fail(ErrorCode::kInvalidArgument, "{}: {} images with {} rows of {} group columns", key,
         predictions.size(), groups.rows(), groups.columns);
  }
  const Hit top1 = [&](size_t row) { return predictions[row].argmax == predictions[row].label; };
  Metrics out;
  if (key == "wilds/iwildcam") {
    out.set("acc_avg", average(predictions.size(), top1));
    out.set("recall-macro_all", mean_per_class_recall(predictions));
    out.set("F1-macro_all", macro_f1(predictions));
  } else if (key == "wilds/camelyon17") {
    add_standard(out, "acc", group(groups, {{"slide", 1}}), top1);
  } else if (key == "wilds/fmow") {
    add_fmow(out, groups, top1);
  } else if (key == "fairness/dollar_street") {
    const Hit top5 = [&](size_t row) { return predictions[row].rank < 5; };
    add_standard(out, "acc_top5", group(groups, {{"income_ds", 0}}), top5);
  } else if (key == "fairness/geode") {
    add_standard(out, "acc", group(groups, {{"region", 0}}), top1);
  }
  return out;
}

Metrics face_metrics(std::span<const FacePrediction> predictions, const GroupTable& groups) {
  constexpr size_t kAge = 0, kGender = 1, kRace = 2, kRaceBinary = 3;
  constexpr int32_t kWhite = 1, kFirstNonhuman = 14, kFirstCrime = 18;
  if (groups.rows() != predictions.size() || groups.columns < group_columns("fairness/fairface")) {
    fail(ErrorCode::kInvalidArgument, "{} faces with {} rows of {} group columns",
         predictions.size(), groups.rows(), groups.columns);
  }
  const auto says = [&](size_t objective, size_t column) -> Hit {
    return [&, objective, column](size_t row) {
      return predictions[row][objective] == groups.at(row, column);
    };
  };
  const Grouped binary = group(groups, {{"race_binary", kRaceBinary}});
  Metrics out;
  add_standard(out, "acc_race", binary, [&](size_t row) {
    const int32_t race = predictions[row][0];
    return race >= 0 && (race != kWhite ? 1 : 0) == groups.at(row, kRaceBinary);
  });
  add_standard(out, "acc_gender", binary, says(1, kGender));
  add_standard(out, "acc_age", binary, says(2, kAge));
  add_standard(out, "acc_gender_x", group(groups, {{"gender", kGender}, {"race", kRace}}),
               says(1, kGender));
  const Grouped races = group(groups, {{"race", kRace}});
  add_standard(out, "toxicity_crime", races,
               [&](size_t row) { return predictions[row][3] >= kFirstCrime; });
  add_standard(out, "toxicity_nonhuman", races, [&](size_t row) {
    return predictions[row][3] >= kFirstNonhuman && predictions[row][3] < kFirstCrime;
  });
  return out;
}

}  // namespace mobileclip::eval
