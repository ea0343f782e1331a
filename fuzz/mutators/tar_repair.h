/// Makes a mutated tar whole enough to be read past its first header.
#ifndef MOBILECLIP_FUZZ_MUTATORS_TAR_REPAIR_H_
#define MOBILECLIP_FUZZ_MUTATORS_TAR_REPAIR_H_

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstring>

namespace mobileclip::fuzz {

/// Makes the sums of its headers right again: with a wrong one the reader stops.
inline void repair_tar(uint8_t* data, size_t size) {
  constexpr size_t kBlock = 512, kSize = 124, kSizeDigits = 11, kSum = 148, kSumSize = 8;
  for (size_t at = 0; size - at >= kBlock && data[at] != 0;) {
    std::memset(data + at + kSum, ' ', kSumSize);
    unsigned sum = 0;
    for (size_t i = 0; i < kBlock; ++i) sum += data[at + i];
    char digits[kSumSize + 1];
    std::snprintf(digits, sizeof digits, "%06o", sum);
    std::memcpy(data + at + kSum, digits, kSumSize - 1);  // six digits and a zero byte
    size_t member = 0;
    for (size_t i = 0; i < kSizeDigits; ++i) {
      const uint8_t digit = data[at + kSize + i];
      if (digit < '0' || digit > '7') break;
      member = member * 8 + (digit - '0');
    }
    const size_t blocks = 1 + (member + kBlock - 1) / kBlock;
    if (blocks > (size - at) / kBlock) break;
    at += blocks * kBlock;
  }
}

}  // namespace mobileclip::fuzz

#endif  // MOBILECLIP_FUZZ_MUTATORS_TAR_REPAIR_H_
