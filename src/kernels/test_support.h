/// For the kernels' tests: random floats, memory with guard pages, a loop over instruction sets.
#ifndef MOBILECLIP_KERNELS_TEST_SUPPORT_H_
#define MOBILECLIP_KERNELS_TEST_SUPPORT_H_

#include <gtest/gtest.h>
#include <sys/mman.h>

#include <cmath>
#include <cstring>
#include <random>
#include <string>
#include <vector>

#include "kernels/isa.h"

namespace mobileclip::kernels::test {

inline std::vector<float> random_floats(size_t n, unsigned seed) {
  std::mt19937 generator(seed);
  std::uniform_real_distribution<float> uniform(-1, 1);
  std::vector<float> out(n);
  for (float& value : out) value = uniform(generator);
  return out;
}

/// A copy of floats that ends right at (or begins right behind) a page that cannot be touched.
class Guarded {
 public:
  enum class Side { kBefore, kAfter };
  Guarded(const std::vector<float>& values, Side side) {
    const size_t bytes = values.size() * sizeof(float);
    size_ = (bytes + kPage - 1) / kPage * kPage + 2 * kPage;
    base_ = static_cast<char*>(
        ::mmap(nullptr, size_, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
    ::mprotect(base_, kPage, PROT_NONE);
    ::mprotect(base_ + size_ - kPage, kPage, PROT_NONE);
    char* at = side == Side::kBefore ? base_ + kPage : base_ + size_ - kPage - bytes;
    data_ = reinterpret_cast<float*>(at);
    if (bytes != 0) std::memcpy(data_, values.data(), bytes);
  }
  ~Guarded() { ::munmap(base_, size_); }
  Guarded(const Guarded&) = delete;
  Guarded& operator=(const Guarded&) = delete;
  float* data() const { return data_; }

 private:
  static constexpr size_t kPage = 4096;
  char* base_;
  size_t size_;
  float* data_;
};

/// Runs `body` once for each instruction set of this machine.
template <typename Body>
void for_each_isa(const Body& body) {
  const std::string original(isa_name());
  for (const std::string_view isa : available_isas()) {
    force_isa(isa);
    ASSERT_EQ(isa_name(), isa);
    SCOPED_TRACE(std::string(isa));
    body();
  }
  force_isa(original);
}

/// Largest difference, relative to the largest expected value (at least 1).
template <typename T>
double worst(const T* ours, const std::vector<double>& expected) {
  double difference = 0;
  double scale = 1;
  for (size_t i = 0; i < expected.size(); ++i) {
    difference = std::max(difference, std::abs(static_cast<double>(ours[i]) - expected[i]));
    scale = std::max(scale, std::abs(expected[i]));
  }
  return difference / scale;
}

}  // namespace mobileclip::kernels::test

#endif  // MOBILECLIP_KERNELS_TEST_SUPPORT_H_
