#include "checkpoint/builder.h"

#include <algorithm>

namespace mobileclip {
namespace {

constexpr size_t kMaxTensors = 100'000;
constexpr size_t kMaxName = 4096;

/// offset + Σ (size − 1)·stride + 1, the elements a view needs; nothing if it overflows.
std::optional<uint64_t> elements_needed(const TensorEntry& entry) {
  uint64_t last = entry.offset;
  for (size_t i = 0; i < entry.shape.size(); ++i) {
    const auto span = checked_mul(entry.shape[i] - 1, entry.strides[i]);
    const auto sum = span ? checked_add(last, *span) : std::nullopt;
    if (!sum) return std::nullopt;
    last = *sum;
  }
  return checked_add(last, uint64_t{1});
}

}  // namespace

CheckpointBuilder::CheckpointBuilder(std::shared_ptr<const MappedFile> file, std::string name,
                                     std::string_view format) {
  checkpoint_.file_ = std::move(file);
  checkpoint_.name_ = std::move(name);
  checkpoint_.format_ = format;
}

void CheckpointBuilder::add(TensorEntry entry) {
  if (checkpoint_.tensors_.size() >= kMaxTensors) {
    fail(ErrorCode::kTooLarge, "{} holds more than {} tensors", what(), kMaxTensors);
  }
  if (entry.name.size() > kMaxName) {
    fail(ErrorCode::kHostile, "{}: a tensor name has {} bytes, more than {}", what(),
         entry.name.size(), kMaxName);
  }
  const auto count = checked_product(entry.shape);
  const auto bytes = count ? checked_mul(*count, uint64_t{8}) : std::nullopt;
  if (!bytes) {
    fail(ErrorCode::kHostile, "{}: the element count of tensor {} ({}) overflows", what(),
         quote(entry.name), shape_string(entry.shape));
  }
  const uint64_t available = entry.storage.size() / dtype_size(entry.dtype);
  const auto needed = *count == 0 ? std::optional<uint64_t>(0) : elements_needed(entry);
  if (!needed || *needed > available) {
    fail(ErrorCode::kHostile,
         "{}: tensor {} of shape {} reaches outside its storage of {} elements", what(),
         quote(entry.name), shape_string(entry.shape), available);
  }
  const auto [at, fresh] = checkpoint_.by_name_.emplace(entry.name, checkpoint_.tensors_.size());
  if (!fresh) fail(ErrorCode::kHostile, "{} holds tensor {} twice", what(), quote(at->first));
  checkpoint_.tensors_.push_back(std::move(entry));
}

void CheckpointBuilder::absorb(Checkpoint part) {
  const size_t first = checkpoint_.tensors_.size();
  for (TensorEntry& entry : part.tensors_) {
    entry.storage_index += first;  // more than any of those before
    add(std::move(entry));
  }
  for (Checkpoint::Record& record : part.records_) {
    for (Checkpoint::Piece& piece : record.pieces) piece.tensor += first;
    checkpoint_.records_.push_back(std::move(record));
  }
  checkpoint_.parts_.push_back({std::move(part.name_), std::move(part.file_)});
}

void CheckpointBuilder::add_record(std::string name, Bytes bytes, uint32_t crc) {
  checkpoint_.records_.push_back({std::move(name), bytes, crc});
}

void CheckpointBuilder::add_blocks(Bytes data, uint64_t block, const std::vector<uint32_t>& crcs,
                                   bool finite) {
  const size_t first = checkpoint_.records_.size();
  for (size_t i = 0; i < crcs.size(); ++i) {
    const uint64_t begin = i * block;
    const uint64_t end = std::min<uint64_t>(begin + block, data.size());
    add_record(fmt::format("data bytes {} to {}", begin, end), data.subspan(begin, end - begin),
               crcs[i]);
  }
  if (!finite) return;
  for (size_t t = 0; t < checkpoint_.tensors_.size(); ++t) {
    const TensorEntry& tensor = checkpoint_.tensors_[t];
    const uint64_t size = dtype_size(tensor.dtype);
    const auto start = static_cast<uint64_t>(tensor.storage.data() - data.data());
    // An element counts to the block its first byte lies in.
    for (uint64_t at = 0; at < tensor.storage.size();) {
      const uint64_t index = (start + at) / block;
      const uint64_t left = (index + 1) * block - (start + at);
      const uint64_t bytes =
          std::min<uint64_t>((left + size - 1) / size * size, tensor.storage.size() - at);
      checkpoint_.records_[first + index].pieces.push_back({t, tensor.storage.subspan(at, bytes)});
      at += bytes;
    }
  }
}

}  // namespace mobileclip
