// Mutates a tar and makes the sums of its headers right again: with a wrong one the reader stops.
// One in eight keeps what the mutation made.
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstring>

extern "C" size_t LLVMFuzzerMutate(uint8_t* data, size_t size, size_t max_size);

extern "C" size_t LLVMFuzzerCustomMutator(uint8_t* data, size_t size, size_t max_size,
                                          unsigned seed) {
  constexpr size_t kBlock = 512, kSize = 124, kSizeDigits = 11, kSum = 148, kSumSize = 8;
  size = LLVMFuzzerMutate(data, size, max_size);
  if (seed % 8 == 0) return size;
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
  return size;
}
