/// Named numbers in the order they were added.
#ifndef MOBILECLIP_EVAL_METRICS_H_
#define MOBILECLIP_EVAL_METRICS_H_

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace mobileclip::eval {

/// A value is a number, NaN (undefined: an empty group) or nothing (null: the metric does not
/// apply).
class Metrics {
 public:
  using Value = std::optional<double>;

  /// A name set again keeps its place.
  void set(std::string name, Value value) {
    for (auto& [known, old] : values_) {
      if (known != name) continue;
      old = value;
      return;
    }
    values_.emplace_back(std::move(name), value);
  }
  /// Null if there is none of that name.
  const Value* find(std::string_view name) const {
    for (const auto& [known, value] : values_) {
      if (known == name) return &value;
    }
    return nullptr;
  }
  const std::vector<std::pair<std::string, Value>>& values() const { return values_; }

 private:
  std::vector<std::pair<std::string, Value>> values_;
};

/// float32(correct) / float32(count) as a double, the arithmetic of the reference's group metrics;
/// NaN for a count of 0.
double float_ratio(uint64_t correct, uint64_t count);

}  // namespace mobileclip::eval

#endif  // MOBILECLIP_EVAL_METRICS_H_
