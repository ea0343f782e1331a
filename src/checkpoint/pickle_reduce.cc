#include "checkpoint/pickle_reduce.h"

#include <memory>
#include <utility>

namespace mobileclip {
namespace {

using Kind = PickleValue::Kind;

constexpr size_t kMaxDimensions = 8;
constexpr size_t kMaxKey = 256;

[[noreturn]] void refuse(const PickleContext& context, std::string_view why) {
  fail(ErrorCode::kHostile, "{}: the pickle {} (byte {})", context.what, why, context.offset);
}

/// The arguments of one call, fetched with the kind they must have.
class Arguments {
 public:
  Arguments(const Pickle& pickle, uint32_t tuple, const PickleContext& context)
      : pickle_(pickle), tuple_(pickle.at(tuple)), context_(context) {
    if (tuple_.kind != Kind::kTuple) refuse(context, "calls with arguments that are no tuple");
  }
  size_t size() const { return tuple_.items.size(); }
  void require_size(size_t least, size_t most) const {
    if (size() < least || size() > most) refuse(context_, "calls with a wrong number of arguments");
  }
  const PickleValue& get(size_t i, Kind kind) const {
    const PickleValue& value = pickle_.at(tuple_.items[i]);
    if (value.kind != kind) refuse(context_, "calls with an argument of the wrong kind");
    return value;
  }
  const PickleValue& get(size_t i) const { return pickle_.at(tuple_.items[i]); }
  /// A whole number ≥ 0.
  uint64_t count(size_t i) const { return natural(get(i)); }
  std::vector<uint64_t> counts(size_t i) const {
    const PickleValue& tuple = get(i, Kind::kTuple);
    if (tuple.items.size() > kMaxDimensions)
      refuse(context_, "has a tensor of too many dimensions");
    std::vector<uint64_t> out;
    for (const uint32_t item : tuple.items) out.push_back(natural(pickle_.at(item)));
    return out;
  }

 private:
  uint64_t natural(const PickleValue& value) const {
    if (value.kind != Kind::kInt || value.integer < 0) {
      refuse(context_, "has a size, stride or offset that is no whole number");
    }
    return static_cast<uint64_t>(value.integer);
  }

  const Pickle& pickle_;
  const PickleValue& tuple_;
  const PickleContext& context_;
};

PickleValue of_kind(Kind kind) {
  PickleValue value;
  value.kind = kind;
  return value;
}

/// (storage, offset, size, stride, …); version 3 carries its dtype as the seventh.
PickleValue rebuild_tensor(const Arguments& arguments, PickleGlobal version,
                           const PickleContext& context) {
  if (version == PickleGlobal::kRebuildTensor) arguments.require_size(4, 4);
  if (version == PickleGlobal::kRebuildTensorV2) arguments.require_size(6, 7);
  if (version == PickleGlobal::kRebuildTensorV3) arguments.require_size(7, 8);
  const PickleValue& storage = arguments.get(0, Kind::kStorage);
  PickledTensor tensor = *storage.tensor;
  if (version == PickleGlobal::kRebuildTensorV3) {
    const PickleValue& dtype = arguments.get(6, Kind::kGlobal);
    if (dtype.global != PickleGlobal::kDType) refuse(context, "gives a tensor no dtype");
    tensor.dtype = dtype.dtype;
  } else if (storage.global == PickleGlobal::kUntypedStorage) {
    refuse(context, "builds a tensor from an untyped storage");
  }
  const auto offset = checked_add(tensor.offset, arguments.count(1));
  if (!offset) refuse(context, "has a tensor offset that overflows");
  tensor.offset = *offset;
  tensor.shape = arguments.counts(2);
  tensor.strides = arguments.counts(3);
  if (tensor.shape.size() != tensor.strides.size()) {
    refuse(context, "has a tensor with more sizes than strides or the reverse");
  }
  PickleValue out = of_kind(Kind::kTensor);
  out.tensor = std::make_shared<const PickledTensor>(std::move(tensor));
  return out;
}

/// OrderedDict() or OrderedDict([(key, value), …]).
PickleValue rebuild_dict(const Pickle& pickle, const Arguments& arguments,
                         const PickleContext& context) {
  arguments.require_size(0, 1);
  PickleValue out = of_kind(Kind::kDict);
  if (arguments.size() == 0) return out;
  for (const uint32_t item : arguments.get(0, Kind::kList).items) {
    const PickleValue& pair = pickle.at(item);
    const bool sequence = pair.kind == Kind::kTuple || pair.kind == Kind::kList;
    if (!sequence || pair.items.size() != 2) refuse(context, "builds a dictionary from no pairs");
    const Kind key = pickle.at(pair.items[0]).kind;
    if (key != Kind::kString && key != Kind::kInt) {
      refuse(context, "has a dictionary key that is neither string nor integer");
    }
    out.items.insert(out.items.end(), pair.items.begin(), pair.items.end());
  }
  return out;
}

}  // namespace

PickleValue reduce_call(const Pickle& pickle, uint32_t callable, uint32_t argument_tuple,
                        const PickleContext& context) {
  const PickleValue& function = pickle.at(callable);
  if (function.kind != Kind::kGlobal) refuse(context, "calls something that is no global");
  const Arguments arguments(pickle, argument_tuple, context);
  switch (function.global) {
    case PickleGlobal::kOrderedDict:
      return rebuild_dict(pickle, arguments, context);
    case PickleGlobal::kRebuildTensor:
    case PickleGlobal::kRebuildTensorV2:
    case PickleGlobal::kRebuildTensorV3:
      return rebuild_tensor(arguments, function.global, context);
    case PickleGlobal::kRebuildParameter:
    case PickleGlobal::kRebuildParameterWithState:
    case PickleGlobal::kParameter:
      arguments.require_size(1, 4);
      return arguments.get(0, Kind::kTensor);
    case PickleGlobal::kSize:
      arguments.require_size(1, 1);
      return arguments.get(0, Kind::kTuple);
    case PickleGlobal::kInert:
      return of_kind(Kind::kOpaque);
    case PickleGlobal::kInertDict:
      return of_kind(Kind::kOpaqueDict);
    case PickleGlobal::kStorage:
    case PickleGlobal::kUntypedStorage:
    case PickleGlobal::kDType:
      break;
  }
  refuse(context, "calls a type that is only ever named");
}

PickleValue reduce_persistent_id(const Pickle& pickle, uint32_t id, const PickleContext& context) {
  const Arguments parts(pickle, id, context);
  parts.require_size(5, 6);
  if (parts.get(0, Kind::kString).text != "storage") {
    refuse(context, "has a persistent id that is no storage");
  }
  const PickleValue& type = parts.get(1, Kind::kGlobal);
  const bool untyped = type.global == PickleGlobal::kUntypedStorage;
  if (!untyped && type.global != PickleGlobal::kStorage) {
    refuse(context, "has a storage of an unknown type");
  }
  PickledTensor storage;
  storage.key = parts.get(2, Kind::kString).text;
  if (storage.key.size() > kMaxKey) refuse(context, "has a storage key that is too long");
  parts.get(3, Kind::kString);  // where it lay; of no importance
  storage.dtype = type.dtype;
  const uint64_t count = parts.count(4);
  const auto bytes = checked_mul(count, uint64_t{untyped ? 1 : dtype_size(type.dtype)});
  if (!bytes) refuse(context, "declares a storage whose size overflows");
  storage.storage_bytes = *bytes;
  if (parts.size() == 6 && parts.get(5).kind != Kind::kNone) {
    // A legacy view: (key, offset, size) inside the storage.
    const PickleValue& tuple = parts.get(5, Kind::kTuple);
    if (tuple.items.size() != 3) refuse(context, "has a storage view that is no triple");
    const PickleValue& offset = pickle.at(tuple.items[1]);
    const PickleValue& size = pickle.at(tuple.items[2]);
    if (offset.kind != Kind::kInt || size.kind != Kind::kInt || offset.integer < 0 ||
        size.integer < 0 ||
        !range_inside(static_cast<uint64_t>(offset.integer), static_cast<uint64_t>(size.integer),
                      count)) {
      refuse(context, "has a storage view outside its storage");
    }
    storage.offset = static_cast<uint64_t>(offset.integer);
  }
  PickleValue out = of_kind(Kind::kStorage);
  out.global = type.global;
  out.tensor = std::make_shared<const PickledTensor>(std::move(storage));
  return out;
}

}  // namespace mobileclip
