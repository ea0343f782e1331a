// The JSON beside weights: open_clip's configuration, and the index of several files.
#include <span>
#include <string>

#include "checkpoint/safetensors_index.h"
#include "config/open_clip_config.h"
#include "target.h"

namespace {

using mobileclip::fuzz::require;

/// The first byte says which of the two the others are.
bool read_kind(uint8_t kind, const std::string& bytes) {
  if (kind % 2 == 0) {
    const auto config = mobileclip::parse_open_clip_config(bytes, "weights");
    if (!config) return false;
    for (const mobileclip::ModelConfig& variant : mobileclip::variants()) {
      const auto applied = config->applied_to(variant);
      require(applied.std[0] > 0 && applied.std[1] > 0 && applied.std[2] > 0, "std divides");
      require(applied.image_size == variant.image_size, "the size stays");
    }
    return config->image_size > 5 && config->image_size < 10;
  }
  const auto files = mobileclip::parse_weight_map(std::as_bytes(std::span(bytes)), "the index");
  require(!files.empty(), "an index names files");
  for (const auto& [name, tensors] : files) {
    require(name.find('/') == std::string::npos && name != "..", "a file beside the index");
    require(!tensors.empty(), "with tensors");
  }
  const std::string& name = files.begin()->first;
  return name.size() == 1 && name != "5";
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  return mobileclip::fuzz::read_by_first_byte(data, size, read_kind);
}
