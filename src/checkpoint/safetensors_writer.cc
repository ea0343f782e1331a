#include "checkpoint/safetensors_writer.h"

#include <nlohmann/json.hpp>

#include "base/checked.h"
#include "base/error.h"

namespace mobileclip {
namespace {

constexpr size_t kAlignment = 64;

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
                                     const std::map<std::string, std::string>& metadata,
                                     std::vector<TensorDeclaration> tensors)
    : file_(path), tensors_(std::move(tensors)) {
  nlohmann::ordered_json header;
  if (!metadata.empty()) header["__metadata__"] = metadata;
  uint64_t at = 0;
  for (const TensorDeclaration& tensor : tensors_) {
    const uint64_t end = at + size_of(tensor);
    header[tensor.name] = {{"dtype", safetensors_name(tensor.dtype)},
                           {"shape", tensor.shape},
                           {"data_offsets", {at, end}}};
    at = end;
  }
  std::string text = header.dump();
  text.append((kAlignment - (8 + text.size()) % kAlignment) % kAlignment, ' ');
  std::string length;
  for (size_t i = 0; i < 8; ++i) length += static_cast<char>(text.size() >> (8 * i) & 0xFF);
  file_.write(length);
  file_.write(text);
}

void SafetensorsWriter::write(std::span<const std::byte> bytes) {
  if (next_ >= tensors_.size() || bytes.size() != size_of(tensors_[next_])) {
    fail(ErrorCode::kInvalidArgument, "{} bytes were written where {} were declared", bytes.size(),
         next_ < tensors_.size() ? size_of(tensors_[next_]) : 0);
  }
  ++next_;
  file_.write({reinterpret_cast<const char*>(bytes.data()), bytes.size()});
}

void SafetensorsWriter::finish() {
  if (next_ != tensors_.size()) {
    fail(ErrorCode::kInvalidArgument, "{} tensors were declared, {} written", tensors_.size(),
         next_);
  }
  file_.commit();
}

}  // namespace mobileclip
