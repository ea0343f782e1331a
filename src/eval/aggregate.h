/// Averages over datasets (spec §6): plain means, which do not exist if a dataset is missing.
#ifndef MOBILECLIP_EVAL_AGGREGATE_H_
#define MOBILECLIP_EVAL_AGGREGATE_H_

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace mobileclip::eval {

/// main_metric by key; other keys are allowed and do not count.
using MainMetrics = std::map<std::string, double, std::less<>>;

struct Aggregate {
  std::string_view name;               ///< "mean of 38", "VTAB (13)", …
  std::optional<double> value;         ///< nothing if a dataset is missing
  std::vector<std::string_view> keys;  ///< what it is over
  size_t present = 0;                  ///< how many of them there are
  std::optional<double> over_present;  ///< their mean; nothing if there is none
};

/// ImageNet 1k, the mean of the 38, ImageNet shifts, VTAB and retrieval; in this order.
std::vector<Aggregate> aggregates(const MainMetrics& metrics);

}  // namespace mobileclip::eval

#endif  // MOBILECLIP_EVAL_AGGREGATE_H_
