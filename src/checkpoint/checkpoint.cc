#include "checkpoint/checkpoint.h"

#include <libdeflate.h>

#include <filesystem>

#include "checkpoint/builder.h"
#include "checkpoint/detect.h"
#include "checkpoint/model_folder.h"
#include "checkpoint/own_format.h"

namespace mobileclip {
namespace {

constexpr size_t kMaxConfig = size_t{1} << 20;
// From here on the file's pages and the packed weights together are too much to keep.
constexpr size_t kLarge = size_t{1} << 30;

}  // namespace

Checkpoint Checkpoint::open(const std::string& path) {
  const std::string weights = weights_of(path);
  std::shared_ptr<const MappedFile> file = MappedFile::open(weights);
  const bool index = looks_like_index(file->bytes());
  Checkpoint out = index ? read_index({std::move(file), weights, "safetensors-index"})
                         : parse(std::move(file), weights);
  const std::string beside = sibling_path(weights, "open_clip_config.json");
  std::error_code none;
  if (std::filesystem::is_regular_file(beside, none)) {
    out.open_clip_config_ = read_file(beside, kMaxConfig);
  }
  return out;
}

Checkpoint Checkpoint::parse(std::shared_ptr<const MappedFile> file, std::string name) {
  const CheckpointFormat format = detect_checkpoint(file->bytes(), quote(name));
  switch (format) {
    case CheckpointFormat::kTorchZip:
      return read_torch_zip({std::move(file), std::move(name), "pytorch-zip"});
    case CheckpointFormat::kTorchLegacy:
      return read_torch_legacy({std::move(file), std::move(name), "pytorch-legacy"});
    case CheckpointFormat::kSafetensors:
      break;
  }
  return read_safetensors({std::move(file), std::move(name), "safetensors"});
}

const TensorEntry* Checkpoint::find(std::string_view name) const {
  const auto found = by_name_.find(name);
  return found == by_name_.end() ? nullptr : &tensors_[found->second];
}

bool Checkpoint::is_inference_form() const { return own_format::is_inference(metadata_); }

bool Checkpoint::is_large() const {
  size_t bytes = file_->bytes().size();
  for (const Part& part : parts_) bytes += part.file->bytes().size();
  return bytes >= kLarge;
}

void Checkpoint::release() const {
  file_->release(file_->bytes());
  for (const Part& part : parts_) part.file->release(part.file->bytes());
}

void Checkpoint::verify(ThreadPool& pool) const {
  const bool large = is_large();
  // What is used of a file in inference form comes back when it is; the token table and 16-bit
  // weights need not stay.
  const bool inference = is_inference_form();
  pool.parallel_for(records_.size(), [&](size_t i, int) {
    const Record& record = records_[i];
    const uint32_t crc = libdeflate_crc32(0, record.bytes.data(), record.bytes.size());
    if (crc != record.crc) {
      fail(ErrorCode::kDamaged,
           "{}: the CRC-32 of {} is {:08x}, expected {:08x}: the file is corrupt", quote(name_),
           quote(record.name), crc, record.crc);
    }
    for (const Piece& piece : record.pieces) {
      const TensorEntry& tensor = tensors_[piece.tensor];
      if (all_finite(tensor.dtype, piece.bytes)) continue;
      fail(ErrorCode::kDamaged, "{}: tensor {} holds NaN or infinity: weights must be finite",
           quote(name_), quote(tensor.name));
    }
    if (inference) file_->release(record.bytes);
    if (large) release();
  });
}

}  // namespace mobileclip
