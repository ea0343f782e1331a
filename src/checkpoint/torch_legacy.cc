// torch.save's format before PyTorch 1.6: pickles, then raw storages.
#include <unordered_map>

#include "checkpoint/builder.h"
#include "checkpoint/pickle_reader.h"
#include "checkpoint/torch_values.h"

namespace mobileclip {
namespace {

using Kind = PickleValue::Kind;

constexpr int64_t kProtocolVersion = 1001;

void check_head(ByteReader& reader, const std::string& what) {
  read_pickle(reader, what);  // the magic number, compared when the format was recognised
  const Pickle protocol = read_pickle(reader, what);
  const PickleValue& version = protocol.at(protocol.root);
  if (version.kind != Kind::kInt || version.integer != kProtocolVersion) {
    fail(ErrorCode::kUnsupported, "{}: legacy protocol {} is not {}", what, version.integer,
         kProtocolVersion);
  }
  const Pickle system = read_pickle(reader, what);
  const PickleValue& info = system.at(system.root);
  if (info.kind != Kind::kDict) fail(ErrorCode::kDamaged, "{}: no system record", what);
  for (size_t i = 0; i + 1 < info.items.size(); i += 2) {
    if (system.at(info.items[i]).text == "little_endian" &&
        system.at(info.items[i + 1]).integer == 0) {
      fail(ErrorCode::kUnsupported, "{}: big-endian storages are not read", what);
    }
  }
}

/// Declared bytes and element size of each storage, from the tensors that use it.
struct Declared {
  uint64_t bytes;
  uint64_t element;
};

std::unordered_map<std::string, Declared> declared_storages(const Pickle& pickle) {
  std::unordered_map<std::string, Declared> out;
  for (const PickleValue& value : pickle.values) {
    if (value.kind != Kind::kStorage) continue;
    const bool untyped = value.global == PickleGlobal::kUntypedStorage;
    out.emplace(value.tensor->key, Declared{value.tensor->storage_bytes,
                                            untyped ? 1 : dtype_size(value.tensor->dtype)});
  }
  return out;
}

}  // namespace

Checkpoint read_torch_legacy(CheckpointBuilder builder) {
  const std::string what = builder.what();
  ByteReader reader(builder.bytes(), what);
  check_head(reader, what);
  const Pickle object = read_pickle(reader, what);
  const Pickle keys = read_pickle(reader, what);
  const PickleValue& list = keys.at(keys.root);
  if (list.kind != Kind::kList) fail(ErrorCode::kDamaged, "{}: no list of storages", what);

  const auto declared = declared_storages(object);
  std::unordered_map<std::string, Bytes> storages;
  for (const uint32_t item : list.items) {
    const std::string& key = keys.at(item).text;
    const auto found = declared.find(key);
    if (found == declared.end()) {
      fail(ErrorCode::kHostile, "{}: storage {} is listed but no tensor uses it", what, quote(key));
    }
    const uint64_t count = reader.u64();
    const auto bytes = checked_mul(count, found->second.element);
    if (!bytes || *bytes != found->second.bytes) {
      fail(ErrorCode::kDamaged, "{}: storage {} has {} elements where {} bytes were declared", what,
           quote(key), count, found->second.bytes);
    }
    if (!storages.emplace(key, reader.take(*bytes)).second) {
      fail(ErrorCode::kHostile, "{}: storage {} is listed twice", what, quote(key));
    }
  }
  if (reader.left() != 0) {
    fail(ErrorCode::kHostile, "{}: {} bytes follow the last storage", what, reader.left());
  }
  add_tensors(builder, object, [&](const std::string& key) {
    const auto found = storages.find(key);
    if (found == storages.end()) {
      fail(ErrorCode::kDamaged, "{}: storage {} is named but not in the file", what, quote(key));
    }
    return found->second;
  });
  return builder.finish();
}

}  // namespace mobileclip
