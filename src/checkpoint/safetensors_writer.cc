#include "checkpoint/safetensors_writer.h"

#include <libdeflate.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/checked.h"
#include "base/error.h"
#include "checkpoint/own_format.h"

namespace mobileclip {
namespace {

constexpr size_t kAlignment = 4096;

std::string_view safetensors_name(DType dtype) {
  switch (dtype) {
    case DType::kFloat64:
      return "F64";
    case DType::kFloat32:
      return "F32";
    case DType::kFloat16:
      return "F16";
    case DType::kBFloat16:
      return "BF16";
    case DType::kInt64:
      return "I64";
    case DType::kInt32:
      return "I32";
    case DType::kInt16:
      return "I16";
    case DType::kInt8:
      return "I8";
    case DType::kUInt8:
      return "U8";
    case DType::kBool:
      return "BOOL";
    case DType::kInt8Rows:
      break;  // two tensors in the file
  }
  fail(ErrorCode::kInvalidArgument, "safetensors cannot hold {} as one tensor", dtype_name(dtype));
}

uint64_t size_of(const TensorDeclaration& tensor) {
  const auto count = checked_product(tensor.shape);
  const auto bytes = count ? checked_mul(*count, uint64_t{dtype_size(tensor.dtype)}) : std::nullopt;
  if (!bytes) fail(ErrorCode::kInvalidArgument, "tensor {} is too large", quote(tensor.name));
  return *bytes;
}

}  // namespace

SafetensorsWriter::SafetensorsWriter(const std::string& path,
                                     std::map<std::string, std::string> metadata,
                                     std::vector<TensorDeclaration> tensors)
    : tensors_(std::move(tensors)) {
  file_.emplace(path);
  begin(std::move(metadata));
}

SafetensorsWriter::SafetensorsWriter(std::string* out, std::map<std::string, std::string> metadata,
                                     std::vector<TensorDeclaration> tensors)
    : memory_(out), tensors_(std::move(tensors)) {
  begin(std::move(metadata));
}

void SafetensorsWriter::begin(std::map<std::string, std::string> metadata) {
  nlohmann::ordered_json tensors = nlohmann::ordered_json::object();
  uint64_t at = 0;
  for (const TensorDeclaration& tensor : tensors_) {
    const uint64_t end = at + size_of(tensor);
    tensors[tensor.name] = {{"dtype", safetensors_name(tensor.dtype)},
                            {"shape", tensor.shape},
                            {"data_offsets", {at, end}}};
    at = end;
  }
  checksums_ = own_format::is_own(metadata);
  if (checksums_) own_format::add_blank_checksums(metadata, at);
  nlohmann::ordered_json header;
  if (!metadata.empty()) header["__metadata__"] = metadata;
  header.update(tensors);
  header_ = header.dump();
  header_.append((kAlignment - (8 + header_.size()) % kAlignment) % kAlignment, ' ');
  std::string length;
  for (size_t i = 0; i < 8; ++i) length += static_cast<char>(header_.size() >> (8 * i) & 0xFF);
  emit(length);
  emit(header_);
}

void SafetensorsWriter::emit(std::string_view bytes) {
  if (file_) {
    file_->write(bytes);
  } else {
    memory_->append(bytes);
  }
}

void SafetensorsWriter::add_to_checksums(std::string_view bytes) {
  while (!bytes.empty()) {
    const uint64_t in_block = position_ % own_format::kBlock;
    if (in_block == 0) blocks_.push_back(0);
    const size_t count = std::min<uint64_t>(own_format::kBlock - in_block, bytes.size());
    blocks_.back() = libdeflate_crc32(blocks_.back(), bytes.data(), count);
    position_ += count;
    bytes.remove_prefix(count);
  }
}

void SafetensorsWriter::write(std::span<const std::byte> bytes) {
  if (next_ >= tensors_.size() || bytes.size() != size_of(tensors_[next_])) {
    fail(ErrorCode::kInvalidArgument, "{} bytes were written where {} were declared", bytes.size(),
         next_ < tensors_.size() ? size_of(tensors_[next_]) : 0);
  }
  ++next_;
  const std::string_view text(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  if (checksums_) add_to_checksums(text);
  emit(text);
}

void SafetensorsWriter::finish() {
  if (next_ != tensors_.size()) {
    fail(ErrorCode::kInvalidArgument, "{} tensors were declared, {} written", tensors_.size(),
         next_);
  }
  if (checksums_) {
    own_format::fill_checksums(header_, blocks_);
    if (file_) {
      file_->overwrite(8, header_);
    } else {
      memory_->replace(memory_->size() - position_ - header_.size(), header_.size(), header_);
    }
  }
  if (file_) file_->commit();
}

}  // namespace mobileclip
