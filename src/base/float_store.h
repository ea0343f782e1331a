/// Read-only floats for kernels: in memory of their own, or where they lie in a mapped file.
#ifndef MOBILECLIP_BASE_FLOAT_STORE_H_
#define MOBILECLIP_BASE_FLOAT_STORE_H_

#include <cstddef>
#include <utility>

#include "base/aligned_buffer.h"

namespace mobileclip {

/// Movable, not copyable. A view's memory must outlive it.
class FloatStore {
 public:
  FloatStore() = default;
  explicit FloatStore(AlignedBuffer owned)
      : owned_(std::move(owned)), data_(owned_.data()), size_(owned_.size()) {}
  static FloatStore view(const float* data, size_t size) {
    FloatStore out;
    out.data_ = data;
    out.size_ = size;
    return out;
  }
  const float* data() const { return data_; }
  size_t size() const { return size_; }
  const float& operator[](size_t i) const { return data_[i]; }
  /// Whether the floats lie in memory of somebody else.
  bool is_view() const { return data_ != owned_.data(); }

 private:
  AlignedBuffer owned_;  // its memory does not move with it
  const float* data_ = nullptr;
  size_t size_ = 0;
};

}  // namespace mobileclip

#endif  // MOBILECLIP_BASE_FLOAT_STORE_H_
