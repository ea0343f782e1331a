#include "checkpoint/tensor_entry.h"

#include <fmt/format.h>

namespace mobileclip {

std::string shape_string(const Shape& shape) {
  return shape.empty() ? "scalar" : fmt::format("{}", fmt::join(shape, "x"));
}

uint64_t TensorEntry::elements() const {
  uint64_t count = 1;  // the product was checked when the entry was made
  for (const uint64_t extent : shape) count *= extent;
  return count;
}

bool TensorEntry::contiguous() const {
  uint64_t expected = 1;
  for (size_t i = shape.size(); i-- > 0;) {
    if (shape[i] != 1 && strides[i] != expected) return elements() == 0;
    expected *= shape[i];
  }
  return true;
}

}  // namespace mobileclip
