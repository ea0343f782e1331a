#include "reparam/values.h"

#include "base/error.h"
#include "checkpoint/checkpoint.h"

namespace mobileclip {
namespace {

void require_finite(const Weight& weight) {
  if (weight.entry == nullptr) {
    fail(ErrorCode::kInternal, "tensor {} was used before it was found", quote(weight.name));
  }
  const uint64_t bad = first_non_finite(*weight.entry);
  if (bad != weight.entry->elements()) {
    fail(ErrorCode::kDamaged, "tensor {} holds {} at element {}: weights must be finite",
         quote(weight.name), read_element(*weight.entry, bad), bad);
  }
}

}  // namespace

std::vector<double> load_values(const Weight& weight) {
  require_finite(weight);
  std::vector<double> values(weight.entry->elements());
  read_elements(*weight.entry, values.data());
  return values;
}

void require_sound(const Weight& weight) {
  require_finite(weight);
  if (!weight.name.ends_with("running_var")) return;
  const std::vector<double> values = load_values(weight);
  for (size_t c = 0; c < values.size(); ++c) {
    if (values[c] < 0) {
      fail(ErrorCode::kDamaged, "tensor {} holds {} at channel {}: a variance cannot be negative",
           quote(weight.name), values[c], c);
    }
  }
}

const float* finite_mapped_floats(const Weight& weight) {
  require_finite(weight);
  return mapped_floats(*weight.entry);
}

}  // namespace mobileclip
