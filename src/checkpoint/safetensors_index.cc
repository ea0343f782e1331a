// A safetensors index: tensors of one model spread over several files.
#include "checkpoint/safetensors_index.h"

#include <filesystem>
#include <nlohmann/json.hpp>

#include "base/plain_name.h"
#include "checkpoint/builder.h"
#include "checkpoint/model_folder.h"

namespace mobileclip {
namespace {

namespace fs = std::filesystem;

constexpr size_t kMaxIndex = size_t{64} << 20;
constexpr size_t kMaxFiles = 1000;

/// The file `name` beside the index at `path`, behind its links: they may lead to a file of the
/// folder or, in the hub's cache, of the `blobs` beside `snapshots`.
std::string behind_links(const std::string& path, const std::string& what) {
  std::error_code error;
  const fs::path file = fs::canonical(path, error);
  if (error) return path;  // opening it will say why
  const fs::path folder = fs::canonical(fs::absolute(path).parent_path());
  const bool in_cache = folder.parent_path().filename() == "snapshots" &&
                        file.parent_path() == folder.parent_path().parent_path() / "blobs";
  if (file.parent_path() != folder && !in_cache) {
    fail(ErrorCode::kHostile, "{}: {} is a link that leads out of the folder", what, quote(path));
  }
  return file;
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
    if (!file.is_string() || !is_plain_name(file.get_ref<const std::string&>())) {
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
    Checkpoint part = Checkpoint::parse(MappedFile::open(behind_links(path, what)), path);
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
