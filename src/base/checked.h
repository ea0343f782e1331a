/// Arithmetic on numbers that come from a file: every size goes through here.
#ifndef MOBILECLIP_BASE_CHECKED_H_
#define MOBILECLIP_BASE_CHECKED_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <utility>

namespace mobileclip {

/// a + b, or nothing if the sum does not fit.
template <typename T>
constexpr std::optional<T> checked_add(T a, T b) {
  T out;
  if (__builtin_add_overflow(a, b, &out)) return std::nullopt;
  return out;
}

/// a − b, or nothing if the difference does not fit.
template <typename T>
constexpr std::optional<T> checked_sub(T a, T b) {
  T out;
  if (__builtin_sub_overflow(a, b, &out)) return std::nullopt;
  return out;
}

/// a · b, or nothing if the product does not fit.
template <typename T>
constexpr std::optional<T> checked_mul(T a, T b) {
  T out;
  if (__builtin_mul_overflow(a, b, &out)) return std::nullopt;
  return out;
}

/// `value` as another integer type, or nothing if it does not fit.
template <typename To, typename From>
constexpr std::optional<To> checked_cast(From value) {
  if (!std::in_range<To>(value)) return std::nullopt;
  return static_cast<To>(value);
}

/// The product of all extents (1 for none), or nothing if it does not fit.
constexpr std::optional<uint64_t> checked_product(std::span<const uint64_t> extents) {
  uint64_t product = 1;
  for (uint64_t extent : extents) {
    if (__builtin_mul_overflow(product, extent, &product)) return std::nullopt;
  }
  return product;
}

/// `value` rounded up to a multiple of `alignment` (a power of two), or nothing if that overflows.
constexpr std::optional<uint64_t> checked_align(uint64_t value, uint64_t alignment) {
  auto sum = checked_add(value, alignment - 1);
  if (!sum) return std::nullopt;
  return *sum & ~(alignment - 1);
}

/// True if [offset, offset + length) lies inside [0, size); cannot wrap.
constexpr bool range_inside(uint64_t offset, uint64_t length, uint64_t size) {
  return offset <= size && length <= size - offset;
}

}  // namespace mobileclip

#endif  // MOBILECLIP_BASE_CHECKED_H_
