#include "checkpoint/torch_writer.h"

#include <libdeflate.h>

#include <utility>

#include "base/checked.h"
#include "base/error.h"

namespace mobileclip {
namespace {

constexpr uint64_t kAlignment = 64;
constexpr uint32_t kSaturated = 0xFFFFFFFF;

void put(std::string& out, uint64_t value, size_t bytes) {
  for (size_t i = 0; i < bytes; ++i) out += static_cast<char>(value >> (8 * i) & 0xFF);
}

std::string_view storage_type(DType dtype) {
  switch (dtype) {
    case DType::kFloat64:
      return "DoubleStorage";
    case DType::kFloat32:
      return "FloatStorage";
    case DType::kFloat16:
      return "HalfStorage";
    case DType::kBFloat16:
      return "BFloat16Storage";
    case DType::kInt8Rows:
      break;  // no torch type
    case DType::kInt64:
      return "LongStorage";
    case DType::kInt32:
      return "IntStorage";
    case DType::kInt16:
      return "ShortStorage";
    case DType::kInt8:
      return "CharStorage";
    case DType::kUInt8:
      return "ByteStorage";
    case DType::kBool:
      return "BoolStorage";
  }
  fail(ErrorCode::kInvalidArgument, "a .pt file cannot hold {}", dtype_name(dtype));
}

uint64_t element_count(const Shape& shape) {
  const auto count = checked_product(shape);
  if (!count) fail(ErrorCode::kInvalidArgument, "shape {} is too large", shape_string(shape));
  return *count;
}

/// Protocol-2 opcodes of the one structure that is written.
class PickleWriter {
 public:
  std::string state_dict(const std::vector<TensorDeclaration>& tensors) {
    out_ = "\x80\x02";
    empty_ordered_dict();
    out_ += '(';
    for (size_t i = 0; i < tensors.size(); ++i) {
      string(tensors[i].name);
      tensor(tensors[i], std::to_string(i));
    }
    out_ += "u.";
    return std::move(out_);
  }

 private:
  void empty_ordered_dict() { out_ += "ccollections\nOrderedDict\n)R"; }
  void string(std::string_view text) {
    out_ += 'X';
    put(out_, text.size(), 4);
    out_ += text;
  }
  void integer(uint64_t value) {
    if (value < 0x100) {
      out_ += 'K';
      put(out_, value, 1);
    } else if (value < 0x80000000u) {
      out_ += 'J';
      put(out_, value, 4);
    } else {
      out_ += "\x8a\x08";
      put(out_, value, 8);
    }
  }
  void tuple(const Shape& values) {
    out_ += '(';
    for (const uint64_t value : values) integer(value);
    out_ += 't';
  }
  void tensor(const TensorDeclaration& tensor, const std::string& key) {
    out_ += "ctorch._utils\n_rebuild_tensor_v2\n((";
    string("storage");
    out_ += "ctorch\n";
    out_ += storage_type(tensor.dtype);
    out_ += '\n';
    string(key);
    string("cpu");
    integer(element_count(tensor.shape));
    out_ += "tQ";
    integer(0);
    tuple(tensor.shape);
    Shape strides(tensor.shape.size());
    uint64_t stride = 1;
    for (size_t i = strides.size(); i-- > 0;) {
      strides[i] = stride;
      stride *= tensor.shape[i];
    }
    tuple(strides);
    out_ += '\x89';
    empty_ordered_dict();
    out_ += "tR";
  }

  std::string out_;
};

std::string file_stem(const std::string& path) {
  std::string stem = path.substr(path.rfind('/') + 1);
  const size_t dot = stem.rfind('.');
  if (dot != std::string::npos && dot > 0) stem.resize(dot);
  return stem.empty() ? "archive" : stem;
}

std::span<const std::byte> bytes_of(const std::string& text) {
  return std::as_bytes(std::span(text.data(), text.size()));
}

}  // namespace

TorchWriter::TorchWriter(const std::string& path, std::vector<TensorDeclaration> tensors)
    : file_(path), prefix_(file_stem(path) + "/"), tensors_(std::move(tensors)) {
  add_text("data.pkl", PickleWriter().state_dict(tensors_));
}

TorchWriter::TorchWriter(std::string* out, std::vector<TensorDeclaration> tensors)
    : memory_(out), prefix_("archive/"), tensors_(std::move(tensors)) {
  add_text("data.pkl", PickleWriter().state_dict(tensors_));
}

void TorchWriter::emit(std::string_view bytes) {
  if (file_) {
    file_->write(bytes);
  } else {
    memory_->append(bytes);
  }
}

void TorchWriter::add_text(const std::string& name, const std::string& text) {
  add(name, bytes_of(text));
}

void TorchWriter::add(const std::string& name, std::span<const std::byte> bytes) {
  const std::string full = prefix_ + name;
  const uint32_t crc = libdeflate_crc32(0, bytes.data(), bytes.size());
  // The payload is aligned by an extra field of id "FB" and padding of "Z".
  const uint64_t unpadded = position_ + 30 + full.size() + 4;
  const uint64_t padding = (kAlignment - unpadded % kAlignment) % kAlignment;
  const bool large = bytes.size() >= kSaturated;
  if (large) fail(ErrorCode::kInvalidArgument, "record {} is over 4 GiB", quote(full));
  std::string header;
  put(header, 0x04034b50, 4);
  put(header, 0, 2);       // version
  put(header, 0x0800, 2);  // names are UTF-8; sizes stand here, so no descriptor follows
  put(header, 0, 2);       // stored
  put(header, 0, 4);       // time and date
  put(header, crc, 4);
  put(header, bytes.size(), 4);
  put(header, bytes.size(), 4);
  put(header, full.size(), 2);
  put(header, 4 + padding, 2);
  header += full;
  header += "FB";
  put(header, padding, 2);
  header.append(padding, 'Z');
  emit(header);
  emit({reinterpret_cast<const char*>(bytes.data()), bytes.size()});
  records_.push_back({full, crc, bytes.size(), position_});
  position_ += header.size() + bytes.size();
}

void TorchWriter::write(std::span<const std::byte> bytes) {
  if (next_ >= tensors_.size()) {
    fail(ErrorCode::kInvalidArgument, "more tensors were written than declared");
  }
  const TensorDeclaration& tensor = tensors_[next_];
  const uint64_t expected = element_count(tensor.shape) * dtype_size(tensor.dtype);
  if (bytes.size() != expected) {
    fail(ErrorCode::kInvalidArgument, "tensor {} was declared with {} bytes, got {}",
         quote(tensor.name), expected, bytes.size());
  }
  add("data/" + std::to_string(next_++), bytes);
}

void TorchWriter::finish() {
  if (next_ != tensors_.size()) {
    fail(ErrorCode::kInvalidArgument, "{} tensors were declared, {} written", tensors_.size(),
         next_);
  }
  add_text("version", "3\n");
  std::string directory;
  for (const Record& record : records_) {
    const bool far = record.offset >= kSaturated;
    put(directory, 0x02014b50, 4);
    put(directory, 0, 4);  // versions
    put(directory, 0x0800, 2);
    put(directory, 0, 2);
    put(directory, 0, 4);
    put(directory, record.crc, 4);
    put(directory, record.size, 4);
    put(directory, record.size, 4);
    put(directory, record.name.size(), 2);
    put(directory, far ? 12 : 0, 2);
    directory.append(10, '\0');  // comment, disk, attributes
    put(directory, far ? kSaturated : record.offset, 4);
    directory += record.name;
    if (far) {
      put(directory, 1, 2);
      put(directory, 8, 2);
      put(directory, record.offset, 8);
    }
  }
  const uint64_t start = position_;
  const uint64_t end64 = start + directory.size();
  const auto narrow = [](uint64_t value, uint64_t most) { return value < most ? value : most; };
  put(directory, 0x06064b50, 4);
  put(directory, 44, 8);
  put(directory, 0, 4);
  put(directory, 0, 8);
  put(directory, records_.size(), 8);
  put(directory, records_.size(), 8);
  put(directory, end64 - start, 8);
  put(directory, start, 8);
  put(directory, 0x07064b50, 4);
  put(directory, 0, 4);
  put(directory, end64, 8);
  put(directory, 1, 4);
  put(directory, 0x06054b50, 4);
  put(directory, 0, 4);
  put(directory, narrow(records_.size(), 0xFFFF), 2);
  put(directory, narrow(records_.size(), 0xFFFF), 2);
  put(directory, narrow(end64 - start, kSaturated), 4);
  put(directory, narrow(start, kSaturated), 4);
  put(directory, 0, 2);
  emit(directory);
  if (file_) file_->commit();
}

}  // namespace mobileclip
