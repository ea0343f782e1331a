/// Memory for kernels: uninitialised floats on a 64-byte boundary.
#ifndef MOBILECLIP_BASE_ALIGNED_BUFFER_H_
#define MOBILECLIP_BASE_ALIGNED_BUFFER_H_

#include <cstddef>
#include <memory>

namespace mobileclip {

/// Owns `size` floats aligned to 64 bytes. Movable, not copyable.
class AlignedBuffer {
 public:
  AlignedBuffer() = default;
  explicit AlignedBuffer(size_t size);
  float* data() { return data_.get(); }
  const float* data() const { return data_.get(); }
  size_t size() const { return size_; }
  float& operator[](size_t i) { return data_.get()[i]; }
  const float& operator[](size_t i) const { return data_.get()[i]; }

 private:
  struct Free {
    void operator()(float* pointer) const;
  };
  std::unique_ptr<float, Free> data_;
  size_t size_ = 0;
};

}  // namespace mobileclip

#endif  // MOBILECLIP_BASE_ALIGNED_BUFFER_H_
