#include "base/aligned_buffer.h"

#include <sys/mman.h>

#include <cstdlib>
#include <new>

#include "base/checked.h"

namespace mobileclip {

AlignedBuffer::AlignedBuffer(size_t size) : size_(size) {
  const auto bytes = checked_mul(size, sizeof(float));
  const auto rounded = bytes ? checked_align(*bytes, 64) : std::nullopt;
  if (!rounded) throw std::bad_alloc();
  if (size == 0) return;
  // Large ones on huge pages where the system has them: weights are read from end to end, and the
  // processor's own prefetching stops at a page's.
  constexpr size_t kHugePage = size_t{2} << 20;
  const bool huge = *rounded >= kHugePage;
  const auto whole = huge ? checked_align(*rounded, kHugePage) : rounded;
  if (!whole) throw std::bad_alloc();
  data_.reset(static_cast<float*>(std::aligned_alloc(huge ? kHugePage : 64, *whole)));
  if (!data_) throw std::bad_alloc();
#ifdef MADV_HUGEPAGE
  if (huge) madvise(data_.get(), *rounded / kHugePage * kHugePage, MADV_HUGEPAGE);
#endif
}

void AlignedBuffer::Free::operator()(float* pointer) const { std::free(pointer); }

}  // namespace mobileclip
