// Values of tensors: conversion through strides, and the search for what is not finite.
#include <bit>
#include <cmath>
#include <cstring>

#include "base/error.h"
#include "checkpoint/checkpoint.h"

namespace mobileclip {
namespace {

template <typename T>
T load(const std::byte* from) {
  T value;
  std::memcpy(&value, from, sizeof value);
  return value;
}

/// One stored element as a double.
double to_double(DType dtype, const std::byte* from) {
  switch (dtype) {
    case DType::kFloat64:
      return load<double>(from);
    case DType::kFloat32:
      return load<float>(from);
    case DType::kFloat16:
      return half_to_float(load<uint16_t>(from));
    case DType::kBFloat16:
      return bfloat16_to_float(load<uint16_t>(from));
    case DType::kInt64:
      return static_cast<double>(load<int64_t>(from));
    case DType::kInt32:
      return load<int32_t>(from);
    case DType::kInt16:
      return load<int16_t>(from);
    case DType::kInt8Rows:  // without its scale
    case DType::kInt8:
      return load<int8_t>(from);
    case DType::kUInt8:
    case DType::kBool:
      return load<uint8_t>(from);
  }
  return 0;
}

/// Position in the storage, in elements, of row-major element `index`.
uint64_t position(const TensorEntry& entry, uint64_t index) {
  uint64_t at = entry.offset;
  for (size_t i = entry.shape.size(); i-- > 0;) {
    at += index % entry.shape[i] * entry.strides[i];
    index /= entry.shape[i];
  }
  return at;
}

const std::byte* address(const TensorEntry& entry, uint64_t index) {
  return entry.storage.data() + position(entry, index) * dtype_size(entry.dtype);
}

/// Calls each(pointer, index) for all elements in row-major order.
template <typename Each>
void for_each(const TensorEntry& entry, const Each& each) {
  const uint64_t count = entry.elements();
  const size_t size = dtype_size(entry.dtype);
  if (count == 0) return;
  if (entry.contiguous()) {
    const std::byte* from = entry.storage.data() + entry.offset * size;
    for (uint64_t i = 0; i < count; ++i) each(from + i * size, i);
    return;
  }
  for (uint64_t i = 0; i < count; ++i) each(address(entry, i), i);
}

/// Factor of row-major element `index`; 1 where there are no row scales.
double scale_at(const TensorEntry& entry, uint64_t index) {
  if (entry.dtype != DType::kInt8Rows) return 1;
  const uint64_t row = index / (entry.elements() / entry.shape[0]);
  return load<float>(entry.row_scale.data() + row * sizeof(float));
}

/// Rows of int8 times their scales.
template <typename T>
void read_int8_rows(const TensorEntry& entry, uint64_t first, uint64_t count, T* out) {
  const uint64_t width = entry.shape[0] == 0 ? 0 : entry.elements() / entry.shape[0];
  const std::byte* from = entry.storage.data() + entry.offset + first * width;
  for (uint64_t row = 0; row < count; ++row) {
    const auto scale = load<float>(entry.row_scale.data() + (first + row) * sizeof(float));
    for (uint64_t i = 0; i < width; ++i) {
      out[row * width + i] =
          static_cast<T>(static_cast<float>(load<int8_t>(from + row * width + i)) * scale);
    }
  }
}

template <typename T>
void read_floating(const TensorEntry& entry, T* out) {
  if (!is_floating(entry.dtype)) {
    fail(ErrorCode::kUnsupported, "tensor {} is {}, expected a floating type", quote(entry.name),
         dtype_name(entry.dtype));
  }
  if (entry.dtype == DType::kInt8Rows) {
    read_int8_rows(entry, 0, entry.shape[0], out);
  } else if (entry.dtype == DType::kFloat32) {
    for_each(entry, [&](const std::byte* from, uint64_t i) { out[i] = load<float>(from); });
  } else {
    for_each(entry, [&](const std::byte* from, uint64_t i) {
      out[i] = static_cast<T>(to_double(entry.dtype, from));
    });
  }
}

/// True if the exponent bits `mask` are all set in one of `count` words: NaN or infinity.
template <typename Word>
bool any_non_finite(const std::byte* from, uint64_t count, Word mask) {
  Word bad = 0;
  for (uint64_t i = 0; i < count; ++i) {
    bad |= static_cast<Word>((load<Word>(from + i * sizeof(Word)) & mask) == mask);
  }
  return bad != 0;
}

bool contiguous_finite(const TensorEntry& entry) {
  if (entry.dtype == DType::kInt8Rows) return all_finite(DType::kFloat32, entry.row_scale);
  const size_t size = dtype_size(entry.dtype);
  return all_finite(entry.dtype,
                    entry.storage.subspan(entry.offset * size, entry.elements() * size));
}

/// Half to float in a form the compiler vectorises. Exact, also where denormals are flushed.
void widen_halves(const std::byte* from, uint64_t count, float* out) {
  for (uint64_t i = 0; i < count; ++i) {
    const uint32_t bits = load<uint16_t>(from + i * sizeof(uint16_t));
    const uint32_t magnitude = (bits & 0x7FFF) << 13;
    const float normal = std::bit_cast<float>(magnitude + (uint32_t{112} << 23));
    const float small = std::bit_cast<float>(magnitude + (uint32_t{113} << 23)) - 0x1p-14f;
    const float special = std::bit_cast<float>(magnitude | 0x7F800000u);
    float value = magnitude < (uint32_t{1} << 23) ? small : normal;
    value = magnitude >= (uint32_t{31} << 23) ? special : value;
    out[i] = std::bit_cast<float>(std::bit_cast<uint32_t>(value) | (bits & 0x8000) << 16);
  }
}

void widen_bfloats(const std::byte* from, uint64_t count, float* out) {
  for (uint64_t i = 0; i < count; ++i) {
    out[i] = bfloat16_to_float(load<uint16_t>(from + i * sizeof(uint16_t)));
  }
}

/// Contiguous 16-bit elements. False if they are something else.
bool read_narrow(DType dtype, const std::byte* from, uint64_t count, float* out) {
  if (dtype == DType::kFloat16) widen_halves(from, count, out);
  if (dtype == DType::kBFloat16) widen_bfloats(from, count, out);
  return dtype == DType::kFloat16 || dtype == DType::kBFloat16;
}

}  // namespace

bool all_finite(DType dtype, std::span<const std::byte> bytes) {
  const uint64_t count = bytes.size() / dtype_size(dtype);
  switch (dtype) {
    case DType::kFloat64:
      return !any_non_finite<uint64_t>(bytes.data(), count, 0x7FF0000000000000u);
    case DType::kFloat32:
      return !any_non_finite<uint32_t>(bytes.data(), count, 0x7F800000u);
    case DType::kFloat16:
      return !any_non_finite<uint16_t>(bytes.data(), count, 0x7C00u);
    case DType::kBFloat16:
      return !any_non_finite<uint16_t>(bytes.data(), count, 0x7F80u);
    default:
      return true;
  }
}

void read_elements(const TensorEntry& entry, float* out) {
  const std::byte* from = entry.storage.data() + entry.offset * dtype_size(entry.dtype);
  if (entry.contiguous() && read_narrow(entry.dtype, from, entry.elements(), out)) return;
  read_floating(entry, out);
}

void read_elements(const TensorEntry& entry, double* out) { read_floating(entry, out); }

void read_rows(const TensorEntry& entry, uint64_t first, uint64_t count, float* out) {
  if (entry.dtype == DType::kInt8Rows) {
    read_int8_rows(entry, first, count, out);
    return;
  }
  const uint64_t width = entry.elements() / entry.shape[0];
  const size_t size = dtype_size(entry.dtype);
  const std::byte* from = entry.storage.data() + (entry.offset + first * width) * size;
  if (read_narrow(entry.dtype, from, count * width, out)) return;
  for (uint64_t i = 0; i < count * width; ++i) {
    out[i] = static_cast<float>(to_double(entry.dtype, from + i * size));
  }
}

double read_element(const TensorEntry& entry, uint64_t index) {
  return to_double(entry.dtype, address(entry, index)) * scale_at(entry, index);
}

int64_t read_integer(const TensorEntry& entry, uint64_t index) {
  const std::byte* from = address(entry, index);
  if (entry.dtype == DType::kInt64) return load<int64_t>(from);
  return static_cast<int64_t>(to_double(entry.dtype, from));
}

const float* mapped_floats(const TensorEntry& entry) {
  if (entry.dtype != DType::kFloat32 || !entry.contiguous()) return nullptr;
  const std::byte* from = entry.storage.data() + entry.offset * sizeof(float);
  if (std::bit_cast<uintptr_t>(from) % alignof(float) != 0) return nullptr;
  return reinterpret_cast<const float*>(from);
}

uint64_t first_non_finite(const TensorEntry& entry) {
  const uint64_t count = entry.elements();
  if (!is_floating(entry.dtype) || count == 0) return count;
  if (entry.contiguous() && contiguous_finite(entry)) return count;
  uint64_t first = count;
  for_each(entry, [&](const std::byte* from, uint64_t i) {
    if (first == count && !std::isfinite(to_double(entry.dtype, from) * scale_at(entry, i))) {
      first = i;
    }
  });
  return first;
}

}  // namespace mobileclip
