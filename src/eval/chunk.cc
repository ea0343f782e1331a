#include "eval/chunk.h"

#include <cstring>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "checkpoint/checkpoint.h"
#include "checkpoint/safetensors_writer.h"
#include "download/sha256.h"

namespace mobileclip::eval {
namespace {

constexpr const char* kFormat = "mobileclip-eval-chunk-1";

struct Part {
  const char* name;
  DType type;
  Shape shape;
  std::span<const std::byte> bytes;
};

template <typename T>
std::span<const std::byte> bytes_of(const T& values) {
  return std::as_bytes(std::span(values.data(), values.size()));
}

std::string_view text_of(std::span<const std::byte> bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

/// Those with elements, widest type first.
std::vector<Part> parts_of(const Chunk& chunk, const std::string& words) {
  std::vector<Part> out;
  const auto add = [&](const char* name, DType type, Shape shape,
                       std::span<const std::byte> bytes) {
    if (!bytes.empty()) out.push_back({name, type, std::move(shape), bytes});
  };
  add("labels", DType::kInt64, {chunk.size()}, bytes_of(chunk.labels));
  add("groups", DType::kInt64, {chunk.size(), chunk.group_columns}, bytes_of(chunk.groups));
  add("rows", DType::kFloat32, {chunk.size(), chunk.dim}, bytes_of(chunk.rows));
  add("unreadable", DType::kUInt8, {chunk.size()}, bytes_of(chunk.unreadable));
  add("words", DType::kUInt8, {words.size()}, bytes_of(words));
  return out;
}

template <typename T>
std::vector<T> values_of(const Checkpoint& file, const char* name, DType type, size_t count) {
  const TensorEntry* entry = file.find(name);
  if (entry == nullptr && count == 0) return {};
  if (entry == nullptr || entry->dtype != type || entry->elements() != count ||
      !entry->contiguous()) {
    fail(ErrorCode::kDamaged, "{}: {} {} of type {} are expected", file.name(), count, name,
         dtype_name(type));
  }
  std::vector<T> out(count);
  if (count > 0) {
    std::memcpy(out.data(), entry->storage.data() + entry->offset * sizeof(T), count * sizeof(T));
  }
  return out;
}

Chunk from_checkpoint(const Checkpoint& file) {
  const TensorEntry* words = file.find("words");
  if (words == nullptr) fail(ErrorCode::kDamaged, "{}: it has no words", file.name());
  const std::vector<char> text = values_of<char>(file, "words", DType::kUInt8, words->elements());
  const auto about = nlohmann::json::parse(text.begin(), text.end());
  Chunk out;
  about.at("dim").get_to(out.dim);
  about.at("group_columns").get_to(out.group_columns);
  about.at("keys").get_to(out.keys);
  about.at("captions").get_to(out.captions);
  about.at("instances").get_to(out.instances);
  about.at("skipped").get_to(out.skipped);
  about.at("truncated").get_to(out.truncated);
  about.at("data_sha256").get_to(out.data_sha256);
  about.at("instruction_set").get_to(out.instruction_set);
  const size_t n = out.keys.size();
  out.labels = values_of<int64_t>(file, "labels", DType::kInt64, n);
  out.groups = values_of<int64_t>(file, "groups", DType::kInt64, n * out.group_columns);
  out.rows = values_of<float>(file, "rows", DType::kFloat32, n * out.dim);
  out.unreadable = values_of<uint8_t>(file, "unreadable", DType::kUInt8, n);
  return out;
}

}  // namespace

void Chunk::cut(size_t n) {
  if (n >= size()) return;
  rows.resize(n * dim);
  labels.resize(n);
  groups.resize(n * group_columns);
  unreadable.resize(n);
  keys.resize(n);
  if (!captions.empty()) captions.resize(n);
}

void write_chunk(const std::string& path, const Chunk& chunk) {
  nlohmann::json about = {{"dim", chunk.dim},
                          {"group_columns", chunk.group_columns},
                          {"keys", chunk.keys},
                          {"captions", chunk.captions},
                          {"instances", chunk.instances},
                          {"skipped", chunk.skipped},
                          {"truncated", chunk.truncated},
                          {"data_sha256", chunk.data_sha256},
                          {"instruction_set", chunk.instruction_set}};
  // Bytes that are no UTF-8 may differ afterwards: they are names and captions only.
  const std::string words = about.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
  const std::vector<Part> parts = parts_of(chunk, words);
  Sha256 sum;
  std::vector<TensorDeclaration> tensors;
  for (const Part& part : parts) {
    sum.update(text_of(part.bytes));
    tensors.push_back({part.name, part.type, part.shape});
  }
  std::filesystem::create_directories(std::filesystem::path(path).parent_path());
  SafetensorsWriter writer(path, {{"format", kFormat}, {"sha256", sum.hex()}}, tensors);
  for (const Part& part : parts) writer.write(part.bytes);
  writer.finish();
}

std::optional<Chunk> read_chunk(const std::string& path) {
  std::error_code error;
  if (!std::filesystem::exists(path, error)) return std::nullopt;
  const Checkpoint file = Checkpoint::open(path);
  const auto format = file.metadata().find("format"), stated = file.metadata().find("sha256");
  if (format == file.metadata().end() || format->second != kFormat ||
      stated == file.metadata().end()) {
    fail(ErrorCode::kDamaged, "{}: no embeddings of `eval run`; remove it", path);
  }
  Sha256 sum;
  for (const TensorEntry& entry : file.tensors()) sum.update(text_of(entry.storage));
  if (sum.hex() != stated->second) {
    fail(ErrorCode::kDamaged, "{}: its SHA-256 does not fit; remove it to embed the shard again",
         path);
  }
  try {
    return from_checkpoint(file);
  } catch (const nlohmann::json::exception&) {
    fail(ErrorCode::kDamaged, "{}: its words cannot be understood; remove it", path);
  }
}

}  // namespace mobileclip::eval
