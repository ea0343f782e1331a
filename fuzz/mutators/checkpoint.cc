#include "checkpoint_repair.h"

extern "C" size_t LLVMFuzzerCustomMutator(uint8_t* data, size_t size, size_t max_size,
                                          unsigned seed) {
  return mobileclip::fuzz::mutate_checkpoint(data, size, max_size, seed);
}
