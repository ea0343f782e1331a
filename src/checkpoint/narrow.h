/// Floats in 16 bits, for writers.
#ifndef MOBILECLIP_CHECKPOINT_NARROW_H_
#define MOBILECLIP_CHECKPOINT_NARROW_H_

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "base/dtype.h"

namespace mobileclip {

/// Each value rounded to the nearest of `dtype` (kFloat16 or kBFloat16), ties to even. Values are
/// finite. kInvalidArgument, naming the tensor, for one beyond the largest.
std::vector<uint16_t> narrow(std::span<const float> values, DType dtype, const std::string& name);

}  // namespace mobileclip

#endif  // MOBILECLIP_CHECKPOINT_NARROW_H_
