#include "checkpoint/torch_values.h"

#include <unordered_map>
#include <unordered_set>

namespace mobileclip {
namespace {

using Kind = PickleValue::Kind;

constexpr size_t kMaxDepth = 64;
constexpr uint64_t kMaxVisits = 2'000'000;

class Walker {
 public:
  Walker(CheckpointBuilder& builder, const Pickle& pickle, const FindStorage& storage)
      : builder_(builder), pickle_(pickle), find_(storage) {}

  void walk(uint32_t index, const std::string& path, size_t depth) {
    // Shared containers are visited once for each way to them: bounded, so that a small file cannot
    // stand for billions of names.
    if (depth > kMaxDepth || ++visits_ > kMaxVisits) {
      fail(ErrorCode::kHostile, "{}: containers are nested more than {} deep or shared too often",
           builder_.what(), kMaxDepth);
    }
    const PickleValue& value = pickle_.at(index);
    if (value.kind == Kind::kTensor) return add(*value.tensor, path);
    if (value.kind == Kind::kDict) return walk_dict(value, path, depth);
    if (value.kind != Kind::kTuple && value.kind != Kind::kList) return;
    for (size_t i = 0; i < value.items.size(); ++i) {
      walk(value.items[i], join(path, std::to_string(i)), depth + 1);
    }
  }

 private:
  struct Seen {
    DType dtype;
    uint64_t bytes;
    size_t index;
  };

  static std::string join(const std::string& path, const std::string& key) {
    return path.empty() ? key : path + "." + key;
  }

  void walk_dict(const PickleValue& dict, const std::string& path, size_t depth) {
    std::unordered_set<std::string> keys;
    for (size_t i = 0; i < dict.items.size(); i += 2) {
      const PickleValue& key = pickle_.at(dict.items[i]);
      const std::string text = key.kind == Kind::kInt ? std::to_string(key.integer) : key.text;
      if (!keys.insert(text).second) {
        fail(ErrorCode::kHostile, "{}: a dictionary holds the key {} twice", builder_.what(),
             quote(join(path, text)));
      }
      walk(dict.items[i + 1], join(path, text), depth + 1);
    }
  }

  void add(const PickledTensor& tensor, const std::string& path) {
    const Bytes bytes = find_(tensor.key);
    const auto [seen, fresh] =
        storages_.emplace(tensor.key, Seen{tensor.dtype, tensor.storage_bytes, storages_.size()});
    if (!fresh &&
        (seen->second.dtype != tensor.dtype || seen->second.bytes != tensor.storage_bytes)) {
      fail(ErrorCode::kHostile, "{}: storage {} is used with two types or sizes", builder_.what(),
           quote(tensor.key));
    }
    if (bytes.size() != tensor.storage_bytes) {
      fail(ErrorCode::kDamaged, "{}: storage {} of tensor {} has {} bytes, {} were declared",
           builder_.what(), quote(tensor.key), quote(path), bytes.size(), tensor.storage_bytes);
    }
    TensorEntry entry;
    entry.name = path;
    entry.dtype = tensor.dtype;
    entry.shape = tensor.shape;
    entry.strides = tensor.strides;
    entry.offset = tensor.offset;
    entry.storage = bytes;
    entry.storage_index = seen->second.index;
    builder_.add(std::move(entry));
  }

  CheckpointBuilder& builder_;
  const Pickle& pickle_;
  const FindStorage& find_;
  uint64_t visits_ = 0;
  std::unordered_map<std::string, Seen> storages_;
};

}  // namespace

void add_tensors(CheckpointBuilder& builder, const Pickle& pickle, const FindStorage& storage) {
  Walker(builder, pickle, storage).walk(pickle.root, "", 0);
}

}  // namespace mobileclip
