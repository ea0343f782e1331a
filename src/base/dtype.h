/// Element types of stored tensors.
#ifndef MOBILECLIP_BASE_DTYPE_H_
#define MOBILECLIP_BASE_DTYPE_H_

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace mobileclip {

enum class DType : uint8_t {
  kFloat64,
  kFloat32,
  kFloat16,
  kBFloat16,
  kInt8Rows,  ///< int8 times one float32 per row (first dimension): our own files only
  kInt64,
  kInt32,
  kInt16,
  kInt8,
  kUInt8,
  kBool,
};

/// Bytes of one element.
size_t dtype_size(DType dtype);
/// torch's spelling: "float32", "bfloat16", "int64", "bool", ….
std::string_view dtype_name(DType dtype);
constexpr bool is_floating(DType dtype) { return dtype <= DType::kInt8Rows; }

/// IEEE half and bfloat16 bits to float, exact.
float half_to_float(uint16_t bits);
float bfloat16_to_float(uint16_t bits);

}  // namespace mobileclip

#endif  // MOBILECLIP_BASE_DTYPE_H_
