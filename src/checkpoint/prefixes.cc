#include "checkpoint/prefixes.h"

#include <algorithm>
#include <array>
#include <string_view>

namespace mobileclip {
namespace {

constexpr std::array<std::string_view, 4> kMaps = {"state_dict.", "model.", "model_state_dict.",
                                                   "state_dict_ema."};
constexpr std::array<std::string_view, 2> kWrappers = {"module.", "_orig_mod."};

bool some_under(const Checkpoint& checkpoint, const std::string& prefix) {
  return std::ranges::any_of(checkpoint.tensors(), [&](const TensorEntry& tensor) {
    return tensor.name.starts_with(prefix);
  });
}

/// All tensors under `prefix` go on with `wrapper`.
bool all_wrapped(const Checkpoint& checkpoint, const std::string& prefix,
                 std::string_view wrapper) {
  return std::ranges::all_of(checkpoint.tensors(), [&](const TensorEntry& tensor) {
    return !tensor.name.starts_with(prefix) ||
           std::string_view(tensor.name).substr(prefix.size()).starts_with(wrapper);
  });
}

std::string strip_wrappers(const Checkpoint& checkpoint, std::string prefix) {
  for (bool changed = true; changed;) {
    changed = false;
    for (const std::string_view wrapper : kWrappers) {
      if (!all_wrapped(checkpoint, prefix, wrapper)) continue;
      prefix += wrapper;
      changed = true;
    }
  }
  return prefix;
}

}  // namespace

std::vector<std::string> candidate_prefixes(const Checkpoint& checkpoint) {
  std::vector<std::string> out;
  if (checkpoint.tensors().empty()) return {""};
  out.push_back(strip_wrappers(checkpoint, ""));
  for (const std::string_view map : kMaps) {
    const std::string prefix(map);
    if (some_under(checkpoint, prefix)) out.push_back(strip_wrappers(checkpoint, prefix));
  }
  return out;
}

}  // namespace mobileclip
