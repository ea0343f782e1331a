#include "checkpoint/pickle_globals.h"

namespace mobileclip {
namespace {

struct Row {
  std::string_view module, name;
  AllowedGlobal allowed;
};

using G = PickleGlobal;

constexpr Row kAllowed[] = {
    {"collections", "OrderedDict", {G::kOrderedDict}},
    {"torch._utils", "_rebuild_tensor", {G::kRebuildTensor}},
    {"torch._utils", "_rebuild_tensor_v2", {G::kRebuildTensorV2}},
    {"torch._utils", "_rebuild_tensor_v3", {G::kRebuildTensorV3}},
    {"torch._utils", "_rebuild_parameter", {G::kRebuildParameter}},
    {"torch._utils", "_rebuild_parameter_with_state", {G::kRebuildParameterWithState}},
    {"torch.nn.parameter", "Parameter", {G::kParameter}},
    {"torch", "Size", {G::kSize}},
    {"torch", "device", {G::kInert}},
    {"torch", "DoubleStorage", {G::kStorage, DType::kFloat64}},
    {"torch", "FloatStorage", {G::kStorage, DType::kFloat32}},
    {"torch", "HalfStorage", {G::kStorage, DType::kFloat16}},
    {"torch", "BFloat16Storage", {G::kStorage, DType::kBFloat16}},
    {"torch", "LongStorage", {G::kStorage, DType::kInt64}},
    {"torch", "IntStorage", {G::kStorage, DType::kInt32}},
    {"torch", "ShortStorage", {G::kStorage, DType::kInt16}},
    {"torch", "CharStorage", {G::kStorage, DType::kInt8}},
    {"torch", "ByteStorage", {G::kStorage, DType::kUInt8}},
    {"torch", "BoolStorage", {G::kStorage, DType::kBool}},
    {"torch.storage", "UntypedStorage", {G::kUntypedStorage}},
    {"torch.storage", "TypedStorage", {G::kUntypedStorage}},
    {"torch", "UntypedStorage", {G::kUntypedStorage}},
    {"torch", "float64", {G::kDType, DType::kFloat64}},
    {"torch", "float32", {G::kDType, DType::kFloat32}},
    {"torch", "float16", {G::kDType, DType::kFloat16}},
    {"torch", "bfloat16", {G::kDType, DType::kBFloat16}},
    {"torch", "int64", {G::kDType, DType::kInt64}},
    {"torch", "int32", {G::kDType, DType::kInt32}},
    {"torch", "int16", {G::kDType, DType::kInt16}},
    {"torch", "int8", {G::kDType, DType::kInt8}},
    {"torch", "uint8", {G::kDType, DType::kUInt8}},
    {"torch", "bool", {G::kDType, DType::kBool}},
    {"argparse", "Namespace", {G::kInert}},
    {"pathlib", "PosixPath", {G::kInert}},
    {"pathlib", "WindowsPath", {G::kInert}},
    {"numpy.core.multiarray", "scalar", {G::kInert}},
    {"numpy", "dtype", {G::kInert}},
    {"_codecs", "encode", {G::kInert}},
    {"collections", "defaultdict", {G::kInertDict}},
    {"collections", "Counter", {G::kInertDict}},
};

}  // namespace

std::optional<AllowedGlobal> find_global(std::string_view module, std::string_view name) {
  for (const Row& row : kAllowed) {
    if (row.module == module && row.name == name) return row.allowed;
  }
  return std::nullopt;
}

}  // namespace mobileclip
