// A safetensors index: tensors of one model spread over several files.
#include "checkpoint/safetensors_index.h"

#include <nlohmann/json.hpp>

#include "checkpoint/builder.h"
#include "checkpoint/model_folder.h"

namespace mobileclip {
namespace {

constexpr size_t kMaxIndex = size_t{64} << 20;
constexpr size_t kMaxFiles = 1000;

/// A name that cannot lead out of the folder.
bool is_plain(const std::string& name) {
  return !name.empty() && name != "." && name != ".." && name.find('/') == std::string::npos &&
         name.find('\0') == std::string::npos;
}

}  // namespace

std::map<std::string, std::vector<std::string>> parse_weight_map(Bytes bytes,
                                                                 const std::string& what) {
  if (bytes.size() > kMaxIndex) {
    fail(ErrorCode::kTooLarge, "{} has {} bytes, too many for an index", what, bytes.size());
  }
  const auto json = nlohmann::json::parse(as_text(bytes), nullptr, false);
  const auto map = json.is_object() ? json.find("weight_map") : json.end();
  if (!json.is_object() || map == json.end() || !map->is_object() || map->empty()) {
    fail(ErrorCode::kNotCheckpoint,
         "{} is JSON without a weight_map: neither a checkpoint nor a safetensors index", what);
  }
  std::map<std::string, std::vector<std::string>> out;
  for (const auto& [tensor, file] : map->items()) {
    if (!file.is_string() || !is_plain(file.get_ref<const std::string&>())) {
      fail(ErrorCode::kHostile, "{}: the file of tensor {} is not the name of one beside it", what,
           quote(tensor));
    }
    out[file.get<std::string>()].push_back(tensor);
  }
  if (out.size() > kMaxFiles) {
    fail(ErrorCode::kHostile, "{} names {} files, more than {}", what, out.size(), kMaxFiles);
  }
  return out;
}

bool looks_like_index(Bytes bytes) {
  const std::string_view text = as_text(bytes);
  const size_t second = text.find_first_not_of(" \t\r\n", 1);
  return text.starts_with('{') && second != std::string_view::npos && text[second] == '"';
}

Checkpoint read_index(CheckpointBuilder builder) {
  const std::string what = builder.what();
  for (const auto& [name, tensors] : parse_weight_map(builder.bytes(), what)) {
    const std::string path = sibling_path(builder.name(), name);
    Checkpoint part = Checkpoint::parse(MappedFile::open(path), path);
    if (part.format() != "safetensors") {
      fail(ErrorCode::kDamaged, "{}: {} is {}, not safetensors", what, quote(path), part.format());
    }
    for (const std::string& tensor : tensors) {
      if (part.find(tensor) == nullptr) {
        fail(ErrorCode::kDamaged, "{}: tensor {} is not in {}", what, quote(tensor), quote(path));
      }
    }
    if (part.tensors().size() != tensors.size()) {
      fail(ErrorCode::kDamaged, "{}: {} holds {} tensors, the index names {} of them", what,
           quote(path), part.tensors().size(), tensors.size());
    }
    builder.absorb(std::move(part));
  }
  return builder.finish();
}

}  // namespace mobileclip
