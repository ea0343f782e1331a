// Mutates a tar and repairs it. One in eight keeps what the mutation made.
#include "tar_repair.h"

extern "C" size_t LLVMFuzzerMutate(uint8_t* data, size_t size, size_t max_size);

extern "C" size_t LLVMFuzzerCustomMutator(uint8_t* data, size_t size, size_t max_size,
                                          unsigned seed) {
  size = LLVMFuzzerMutate(data, size, max_size);
  if (seed % 8 != 0) mobileclip::fuzz::repair_tar(data, size);
  return size;
}
