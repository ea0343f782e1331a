/// Goldens of open_clip's models and checkpoints of synthetic weights in memory.
#ifndef MOBILECLIP_TESTS_GOLDENS_OPEN_CLIP_H_
#define MOBILECLIP_TESTS_GOLDENS_OPEN_CLIP_H_

#include <cstdlib>
#include <filesystem>
#include <optional>
#include <string>

#include "checkpoint/safetensors_writer.h"
#include "golden.h"

namespace mobileclip::golden {

/// The golden of the model: the few that the tree has, or $MOBILECLIP_GOLDEN's.
inline std::optional<nlohmann::json> load_open_clip(const std::string& model) {
  std::string path = MOBILECLIP_TEST_DATA "/models_open_clip/" + model + ".json";
  if (!std::filesystem::exists(path)) {
    const char* folder = std::getenv("MOBILECLIP_GOLDEN");
    if (folder == nullptr) return std::nullopt;
    path = std::string(folder) + "/models_open_clip/" + model + ".json";
  }
  return nlohmann::json::parse(slurp(path));
}

/// A checkpoint of the variant with synthetic weights, as a safetensors file.
inline std::string synthetic_bytes(const ModelConfig& config) {
  std::string out;
  std::vector<TensorDeclaration> declarations = synthetic_declarations(config);
  uint64_t bytes = uint64_t{1} << 20;  // the header
  for (const TensorDeclaration& tensor : declarations) {
    uint64_t count = dtype_size(tensor.dtype);
    for (const uint64_t extent : tensor.shape) count *= extent;
    bytes += count;
  }
  out.reserve(bytes);
  SafetensorsWriter writer(&out, {}, std::move(declarations));
  write_synthetic_tensors(config, [&](std::span<const std::byte> part) { writer.write(part); });
  writer.finish();
  return out;
}

/// `bytes` must outlive the checkpoint.
inline Checkpoint parse_bytes(const std::string& bytes) {
  return Checkpoint::parse(MappedFile::view(std::as_bytes(std::span(bytes))), "synthetic weights");
}

}  // namespace mobileclip::golden

#endif  // MOBILECLIP_TESTS_GOLDENS_OPEN_CLIP_H_
