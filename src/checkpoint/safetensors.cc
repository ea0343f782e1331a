// The safetensors format: u64 header length, JSON header, data.
#include <algorithm>
#include <nlohmann/json.hpp>
#include <optional>
#include <unordered_set>
#include <vector>

#include "checkpoint/builder.h"
#include "checkpoint/own_format.h"

namespace mobileclip {
namespace {

constexpr uint64_t kMaxHeader = 100'000'000;
constexpr size_t kMaxTensors = 100'000;

constexpr size_t kMaxDimensions = 8;

struct Declared {
  std::string name;
  std::optional<DType> dtype;
  std::optional<Shape> shape;
  std::optional<std::vector<uint64_t>> offsets;
};

std::optional<DType> find_dtype(std::string_view name) {
  constexpr std::pair<std::string_view, DType> kNames[] = {
      {"F64", DType::kFloat64},   {"F32", DType::kFloat32}, {"F16", DType::kFloat16},
      {"BF16", DType::kBFloat16}, {"I64", DType::kInt64},   {"I32", DType::kInt32},
      {"I16", DType::kInt16},     {"I8", DType::kInt8},     {"U8", DType::kUInt8},
      {"BOOL", DType::kBool}};
  for (const auto& [text, dtype] : kNames) {
    if (text == name) return dtype;
  }
  return std::nullopt;
}

/// Takes the header as it is parsed: nothing is built that the format does not have.
class Header : public nlohmann::json_sax<nlohmann::json> {
 public:
  explicit Header(std::string what) : what_(std::move(what)) {}

  std::vector<Declared> tensors;
  std::map<std::string, std::string> metadata;

  bool start_object(size_t) override {
    if (++depth_ > 2 || in_list_) malformed("has an object where none belongs");
    if (depth_ == 2) {
      in_metadata_ = key_ == "__metadata__";
      if (!in_metadata_) {
        if (tensors.size() >= kMaxTensors) malformed("declares too many tensors");
        tensors.push_back({key_, {}, {}, {}});
      }
    }
    return true;
  }
  bool end_object() override {
    --depth_;
    in_metadata_ = false;
    return true;
  }
  bool key(std::string& name) override {
    key_ = name;
    if (depth_ == 1) {
      if (!names_.insert(name).second) malformed("holds the key " + quote(name) + " twice");
    } else if (in_metadata_ && metadata.contains(name)) {
      malformed("holds the key " + quote(name) + " twice");
    }
    return true;
  }
  bool string(std::string& value) override {
    if (depth_ != 2 || in_list_) malformed("has a string where none belongs");
    if (in_metadata_) {
      metadata[key_] = value;
      return true;
    }
    if (key_ != "dtype" || tensors.back().dtype) malformed("has an unknown field " + quote(key_));
    tensors.back().dtype = find_dtype(value);
    if (!tensors.back().dtype) {
      fail(ErrorCode::kUnsupported, "{}: tensor {} has the unsupported dtype {}", what_,
           quote(tensors.back().name), quote(value));
    }
    return true;
  }
  bool start_array(size_t) override {
    if (depth_ != 2 || in_metadata_ || in_list_) malformed("has a list where none belongs");
    in_list_ = true;
    list_.clear();
    return true;
  }
  bool end_array() override {
    in_list_ = false;
    Declared& tensor = tensors.back();
    if (key_ == "shape" && !tensor.shape) {
      tensor.shape = list_;
    } else if (key_ == "data_offsets" && !tensor.offsets && list_.size() == 2) {
      tensor.offsets = list_;
    } else {
      malformed("has a bad field " + quote(key_));
    }
    return true;
  }
  bool number_unsigned(uint64_t value) override {
    if (!in_list_ || list_.size() >= kMaxDimensions) malformed("has a number where none belongs");
    list_.push_back(value);
    return true;
  }
  bool null() override { malformed("holds null"); }
  bool boolean(bool) override { malformed("holds a boolean"); }
  bool number_integer(int64_t) override { malformed("holds a negative number"); }
  bool number_float(double, const std::string&) override { malformed("holds a fraction"); }
  bool binary(nlohmann::json::binary_t&) override { malformed("holds binary data"); }
  bool parse_error(size_t position, const std::string&,
                   const nlohmann::detail::exception&) override {
    fail(ErrorCode::kDamaged, "{}: the safetensors header is no JSON at byte {}", what_,
         8 + position);
  }

 private:
  [[noreturn]] void malformed(const std::string& why) const {
    fail(ErrorCode::kDamaged, "{}: the safetensors header {}", what_, why);
  }
  std::string what_;
  std::string key_;
  std::unordered_set<std::string> names_;
  size_t depth_ = 0;
  bool in_metadata_ = false;
  bool in_list_ = false;
  std::vector<uint64_t> list_;
};

TensorEntry make_entry(const Declared& tensor, Bytes data, const std::string& what) {
  if (!tensor.dtype || !tensor.shape || !tensor.offsets) {
    fail(ErrorCode::kDamaged, "{}: tensor {} lacks dtype, shape or data_offsets", what,
         quote(tensor.name));
  }
  const uint64_t begin = (*tensor.offsets)[0];
  const uint64_t end = (*tensor.offsets)[1];
  if (begin > end || end > data.size()) {
    fail(ErrorCode::kDamaged,
         "{}: tensor {} lies at bytes {} to {} of {} data bytes: the file is truncated or corrupt",
         what, quote(tensor.name), begin, end, data.size());
  }
  const auto count = checked_product(*tensor.shape);
  const auto bytes =
      count ? checked_mul(*count, uint64_t{dtype_size(*tensor.dtype)}) : std::nullopt;
  if (!bytes) {
    fail(ErrorCode::kHostile, "{}: the element count of tensor {} overflows", what,
         quote(tensor.name));
  }
  if (*bytes != end - begin) {
    fail(ErrorCode::kDamaged, "{}: tensor {} of shape {} needs {} bytes, {} are given", what,
         quote(tensor.name), shape_string(*tensor.shape), *bytes, end - begin);
  }
  TensorEntry entry;
  entry.name = tensor.name;
  entry.dtype = *tensor.dtype;
  entry.shape = *tensor.shape;
  entry.strides.resize(entry.shape.size());
  uint64_t stride = 1;
  for (size_t i = entry.shape.size(); i-- > 0;) {
    entry.strides[i] = stride;
    // Of a tensor without elements no stride is ever used; the product could wrap.
    stride = *count == 0 ? 1 : stride * entry.shape[i];
  }
  entry.storage = data.subspan(begin, end - begin);
  return entry;
}

/// Tensors must fill the data from 0 to its end, without overlap or hole.
void require_tiling(const std::vector<Declared>& tensors, uint64_t size, const std::string& what) {
  std::vector<std::pair<uint64_t, uint64_t>> ranges;
  ranges.reserve(tensors.size());
  for (const Declared& tensor : tensors) {
    ranges.emplace_back((*tensor.offsets)[0], (*tensor.offsets)[1]);
  }
  std::ranges::sort(ranges);
  uint64_t at = 0;
  for (const auto& [begin, end] : ranges) {
    if (begin != at) {
      fail(ErrorCode::kHostile, "{}: tensors {} at data byte {}", what,
           begin < at ? "overlap" : "leave a hole", std::min(begin, at));
    }
    at = end;
  }
  if (at != size) {
    fail(ErrorCode::kHostile, "{}: {} bytes follow the last tensor", what, size - at);
  }
}

/// In our own files an int8 tensor X and a float32 X.scale of one value per row are one tensor.
void join_row_scales(std::vector<TensorEntry>& entries, const std::string& what) {
  std::map<std::string, const TensorEntry*> by_name;
  for (const TensorEntry& entry : entries) by_name.emplace(entry.name, &entry);
  std::unordered_set<std::string> scales;
  for (TensorEntry& entry : entries) {
    if (entry.dtype != DType::kInt8) continue;
    const std::string name = fmt::format("{}.scale", entry.name);
    const auto found = by_name.find(name);
    if (found == by_name.end() || found->second->dtype != DType::kFloat32 || entry.shape.empty() ||
        found->second->shape != Shape{entry.shape[0]}) {
      fail(ErrorCode::kDamaged,
           "{}: tensor {} is int8: a float32 {} with one value per row is needed", what,
           quote(entry.name), quote(name));
    }
    entry.dtype = DType::kInt8Rows;
    entry.row_scale = found->second->storage;
    scales.insert(name);
  }
  std::erase_if(entries, [&](const TensorEntry& entry) { return scales.contains(entry.name); });
}

}  // namespace

Checkpoint read_safetensors(CheckpointBuilder builder) {
  const std::string what = builder.what();
  ByteReader reader(builder.bytes(), what);
  const uint64_t size = reader.u64();
  if (size > kMaxHeader || size > reader.left()) {
    fail(ErrorCode::kDamaged,
         "{}: the safetensors header is declared {} bytes long; {} bytes are there and {} are "
         "allowed",
         what, size, reader.left(), kMaxHeader);
  }
  const std::string_view text = as_text(reader.take(size));
  if (text.empty() || text.front() != '{') {
    fail(ErrorCode::kDamaged, "{}: the safetensors header does not begin with an object", what);
  }
  Header header(what);
  nlohmann::json::sax_parse(text, &header);
  own_format::check_header(header.metadata, text, what);
  const Bytes data = builder.bytes().subspan(reader.position());
  std::vector<TensorEntry> entries;
  entries.reserve(header.tensors.size());
  for (const Declared& tensor : header.tensors) {
    entries.push_back(make_entry(tensor, data, what));
    entries.back().storage_index = entries.size() - 1;
  }
  require_tiling(header.tensors, data.size(), what);
  const bool folded = own_format::is_inference(header.metadata);
  if (own_format::is_own(header.metadata) && !folded) join_row_scales(entries, what);
  for (TensorEntry& entry : entries) builder.add(std::move(entry));
  builder.add_blocks(data, own_format::kBlock,
                     own_format::block_checksums(header.metadata, data.size(), what), folded);
  builder.set_metadata(std::move(header.metadata));
  return builder.finish();
}

}  // namespace mobileclip
