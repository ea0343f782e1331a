#include "engine/file_metadata.h"

#include <fmt/format.h>

#include "base/error.h"

namespace mobileclip {

std::map<std::string, std::string> describe(const ModelConfig& config) {
  return {{"format", "mobileclip"},
          {"variant", std::string(config.name)},
          {"image_size", std::to_string(config.image_size)},
          {"interpolation",
           config.interpolation == InterpolationKind::kBicubic ? "bicubic" : "bilinear"},
          {"mean", fmt::format("{} {} {}", config.mean[0], config.mean[1], config.mean[2])},
          {"std", fmt::format("{} {} {}", config.std[0], config.std[1], config.std[2])},
          {"context", std::to_string(config.text.context)}};
}

const ModelConfig& described_variant(const Checkpoint& converted) {
  const auto& metadata = converted.metadata();
  const auto value_of = [&](const std::string& key) {
    const auto found = metadata.find(key);
    return found == metadata.end() ? std::string() : found->second;
  };
  const ModelConfig* config = find_variant(value_of("variant"));
  if (config == nullptr) {
    fail(ErrorCode::kUnsupported,
         "{} is a converted file of the variant {}, which this program does not know",
         quote(converted.name()), quote(value_of("variant")));
  }
  for (const auto& [key, expected] : describe(*config)) {
    if (key == "variant" || value_of(key) == expected) continue;
    fail(ErrorCode::kDamaged, "{}: {} is {}, but {} has {}", quote(converted.name()), key,
         quote(value_of(key)), config->name, quote(expected));
  }
  return *config;
}

}  // namespace mobileclip
