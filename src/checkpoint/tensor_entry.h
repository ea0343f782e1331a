/// One named tensor of a checkpoint, as a view into its bytes.
#ifndef MOBILECLIP_CHECKPOINT_TENSOR_ENTRY_H_
#define MOBILECLIP_CHECKPOINT_TENSOR_ENTRY_H_

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "base/dtype.h"

namespace mobileclip {

using Shape = std::vector<uint64_t>;

/// "64x3x3x3", or "scalar" for no dimensions.
std::string shape_string(const Shape& shape);

/// A strided view whose every element was checked to lie inside `storage`. All numbers are in
/// elements; strides may be 0 (expanded) and views of one storage may overlap.
struct TensorEntry {
  std::string name;  ///< dictionary keys joined by '.'
  DType dtype = DType::kFloat32;
  Shape shape;                         ///< empty: a scalar
  std::vector<uint64_t> strides;       ///< as many as `shape`
  uint64_t offset = 0;                 ///< of the first element, in elements from storage.data()
  std::span<const std::byte> storage;  ///< the whole storage, in the file's bytes, little-endian
  /// kInt8Rows: one float32 per row; empty otherwise.
  std::span<const std::byte> row_scale;
  size_t storage_index = 0;   ///< equal for tensors that share a storage
  uint64_t elements() const;  ///< product of `shape`
  bool contiguous() const;    ///< row-major without gaps
};

}  // namespace mobileclip

#endif  // MOBILECLIP_CHECKPOINT_TENSOR_ENTRY_H_
