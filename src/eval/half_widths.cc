#include "eval/half_widths.h"

#include <string>

#include "eval/classification.h"

namespace mobileclip::eval {
namespace {

/// How many a metric was measured on; 0: it is no such share.
uint64_t measured_on(const std::string& name, double value, const Metrics& metrics,
                     const Outcome& outcome) {
  if (name.starts_with("image_retrieval_recall")) return outcome.captions;
  if (name.starts_with("text_retrieval_recall")) return outcome.n;
  if (!name.starts_with("acc") && !name.starts_with("toxicity_")) return 0;
  const bool worst = name.ends_with("_wg") || name.find("_worst_") != std::string::npos;
  const std::string stem = name.ends_with("_wg") ? name.substr(0, name.size() - 2) : "acc_";
  const bool one_group = name.find(':') != std::string::npos;
  if (!worst && !one_group) return outcome.n;
  for (const auto& [count, number] : metrics.values()) {
    if (!count.starts_with("count_") || !number) continue;
    const std::string group = count.substr(count.find('_') + 1);
    if (one_group && name.ends_with("_" + group)) return static_cast<uint64_t>(*number);
    // The worst is the group of that value; of its own field where the name says one.
    const std::string field = group.substr(0, group.find(':'));
    const bool own_field = name.ends_with("_wg") || name.find("_" + field) != std::string::npos;
    const Metrics::Value* same = metrics.find(stem + group);
    if (worst && own_field && same != nullptr && *same == value) {
      return static_cast<uint64_t>(*number);
    }
  }
  return 0;
}

}  // namespace

Metrics half_widths(const Metrics& metrics, const Outcome& outcome) {
  Metrics out;
  for (const auto& [name, value] : metrics.values()) {
    if (!value || *value != *value) continue;
    const uint64_t n = measured_on(name, *value, metrics, outcome);
    if (n > 0) out.set(name, half_width_95(*value, static_cast<double>(n)));
  }
  return out;
}

}  // namespace mobileclip::eval
