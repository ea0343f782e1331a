// Mutates the input and, where its first byte says that a tar follows, repairs that. One in eight
// keeps what the mutation made.
#include "tar_repair.h"

extern "C" size_t LLVMFuzzerMutate(uint8_t* data, size_t size, size_t max_size);

extern "C" size_t LLVMFuzzerCustomMutator(uint8_t* data, size_t size, size_t max_size,
                                          unsigned seed) {
  constexpr uint8_t kReaders = 5, kTar = 0;  // fuzz_evaluation.cc
  size = LLVMFuzzerMutate(data, size, max_size);
  if (seed % 8 != 0 && size > 1 && data[0] % kReaders == kTar) {
    mobileclip::fuzz::repair_tar(data + 1, size - 1);
  }
  return size;
}
