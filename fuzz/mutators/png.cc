// Mutates a PNG and makes its chunks' CRCs right again: with wrong ones nothing gets past the first
// check. One in eight keeps what the mutation made.
#include <zlib.h>

#include <cstddef>
#include <cstdint>

extern "C" size_t LLVMFuzzerMutate(uint8_t* data, size_t size, size_t max_size);

extern "C" size_t LLVMFuzzerCustomMutator(uint8_t* data, size_t size, size_t max_size,
                                          unsigned seed) {
  constexpr size_t kSignature = 8, kFrame = 12;
  size = LLVMFuzzerMutate(data, size, max_size);
  if (seed % 8 == 0) return size;
  const auto write = [](uint8_t* at, uint32_t value) {
    for (int i = 0; i < 4; ++i) at[i] = static_cast<uint8_t>(value >> (24 - 8 * i));
  };
  for (size_t at = kSignature; at + kFrame <= size;) {
    uint32_t length = 0;
    for (size_t i = 0; i < 4; ++i) length = length << 8 | data[at + i];
    if (length > size - at - kFrame) break;
    const uLong crc = crc32(0, data + at + 4, length + 4);
    write(data + at + 8 + length, static_cast<uint32_t>(crc));
    at += kFrame + length;
  }
  return size;
}
