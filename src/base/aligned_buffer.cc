#include "base/aligned_buffer.h"

#include <cstdlib>
#include <new>

#include "base/checked.h"

namespace mobileclip {

AlignedBuffer::AlignedBuffer(size_t size) : size_(size) {
  const auto bytes = checked_mul(size, sizeof(float));
  const auto rounded = bytes ? checked_align(*bytes, 64) : std::nullopt;
  if (!rounded) throw std::bad_alloc();
  if (size == 0) return;
  data_.reset(static_cast<float*>(std::aligned_alloc(64, *rounded)));
  if (!data_) throw std::bad_alloc();
}

void AlignedBuffer::Free::operator()(float* pointer) const { std::free(pointer); }

}  // namespace mobileclip
