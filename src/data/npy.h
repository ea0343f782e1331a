/// One .npy array of integers.
#ifndef MOBILECLIP_DATA_NPY_H_
#define MOBILECLIP_DATA_NPY_H_

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace mobileclip {

/// A vector of little-endian integers (int64, int32, int16, int8, uint8 or bool), of one dimension
/// or none, C order; versions 1 to 3 of the format. `what` names it in sentences. Errors: kDamaged;
/// kTooLarge over 65,536 elements.
std::vector<int64_t> read_npy_integers(std::string_view bytes, const std::string& what);

}  // namespace mobileclip

#endif  // MOBILECLIP_DATA_NPY_H_
