/// What must hold for a checkpoint that was accepted.
#ifndef MOBILECLIP_FUZZ_CHECKPOINT_TARGET_H_
#define MOBILECLIP_FUZZ_CHECKPOINT_TARGET_H_

#include <algorithm>
#include <cmath>

#include "checkpoint/checkpoint.h"
#include "target.h"

namespace mobileclip::fuzz {

constexpr double kHuge = 1e6;

/// Every element of a view lies inside its storage: the ends of large ones are read, and all of
/// small ones. True if a value is larger than any in the corpora.
inline bool check_tensors(const Checkpoint& checkpoint) {
  bool rare = false;
  for (const TensorEntry& tensor : checkpoint.tensors()) {
    require(checkpoint.find(tensor.name) == &tensor, "names are unique");
    const uint64_t count = tensor.elements();
    if (count == 0) continue;
    const double ends = read_element(tensor, 0) + read_element(tensor, count - 1);
    require(ends != 0x1.123456789abcdp-1000, "(this keeps the reads)");
    for (uint64_t i = 0; is_floating(tensor.dtype) && i < std::min<uint64_t>(count, 64); ++i) {
      rare = rare || std::abs(read_element(tensor, i)) > kHuge;
    }
    if (count <= 4096) require(first_non_finite(tensor) <= count, "an index or the end");
  }
  return rare;
}

}  // namespace mobileclip::fuzz

#endif  // MOBILECLIP_FUZZ_CHECKPOINT_TARGET_H_
