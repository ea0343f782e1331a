#include "checkpoint/checkpoint.h"

#include <libdeflate.h>

#include <filesystem>

#include "checkpoint/builder.h"
#include "checkpoint/detect.h"
#include "checkpoint/own_format.h"

namespace mobileclip {
namespace {

constexpr size_t kMaxConfig = size_t{1} << 20;

std::string sibling_path(const std::string& path, std::string_view name) {
  return path.substr(0, path.rfind('/') + 1) + std::string(name);  // npos + 1 is 0
}

}  // namespace

Checkpoint Checkpoint::open(const std::string& path) {
  Checkpoint out = parse(MappedFile::open(path), path);
  const std::string beside = sibling_path(path, "open_clip_config.json");
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

void Checkpoint::verify(ThreadPool& pool) const {
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
  });
}

}  // namespace mobileclip
