/// A pickle as inert data: an opcode allow-list, globals as an enum, nothing that can be called.
#ifndef MOBILECLIP_CHECKPOINT_PICKLE_READER_H_
#define MOBILECLIP_CHECKPOINT_PICKLE_READER_H_

#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/dtype.h"
#include "checkpoint/byte_reader.h"

namespace mobileclip {

/// Every global a checkpoint may name. kInert ones are parsed and can never become a tensor.
enum class PickleGlobal : uint8_t {
  kOrderedDict,
  kRebuildTensor,
  kRebuildTensorV2,
  kRebuildTensorV3,
  kRebuildParameter,
  kRebuildParameterWithState,
  kParameter,
  kSize,
  kStorage,  ///< torch.FloatStorage …: `dtype` says which
  kUntypedStorage,
  kDType,  ///< torch.float32 …
  kInert,
  kInertDict,  ///< collections.defaultdict, Counter
};

/// A tensor as the pickle describes it; nothing is checked against bytes yet.
struct PickledTensor {
  std::string key;  ///< of its storage
  DType dtype = DType::kFloat32;
  uint64_t storage_bytes = 0;  ///< declared size of the storage
  uint64_t offset = 0;         ///< in elements
  std::vector<uint64_t> shape, strides;
};

struct PickleValue {
  enum class Kind : uint8_t {
    kNone,
    kBool,
    kInt,
    kFloat,
    kString,
    kTuple,
    kList,
    kDict,
    kGlobal,
    kStorage,
    kTensor,
    kOpaque,
    kOpaqueDict,
  };
  Kind kind = Kind::kNone;
  int64_t integer = 0;  ///< kBool, kInt
  double real = 0;      ///< kFloat
  std::string text;     ///< kString
  /// Elements of a tuple or list, or keys and values of a dict in turn, as indices into the arena.
  std::vector<uint32_t> items;
  PickleGlobal global = PickleGlobal::kInert;
  DType dtype = DType::kFloat32;  ///< of a storage or dtype global
  /// kTensor; of a kStorage its key, dtype, storage_bytes and offset. Shared: most values have
  /// none.
  std::shared_ptr<const PickledTensor> tensor;
};

/// All values of one pickle; they refer to each other by index, so destruction cannot recurse.
struct Pickle {
  std::deque<PickleValue> values;
  uint32_t root = 0;
  const PickleValue& at(uint32_t index) const { return values[index]; }
};

/// Reads one pickle from `reader`, up to and including STOP. kHostile for a forbidden opcode or
/// global, naming it and its offset; kDamaged for what is malformed; kUnsupported for protocol 5.
/// `what` names the file in sentences.
Pickle read_pickle(ByteReader& reader, std::string_view what);

}  // namespace mobileclip

#endif  // MOBILECLIP_CHECKPOINT_PICKLE_READER_H_
