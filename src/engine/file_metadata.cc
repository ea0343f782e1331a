#include "engine/file_metadata.h"

#include <fmt/format.h>

#include <array>
#include <charconv>
#include <cmath>
#include <string_view>

#include "base/error.h"

namespace mobileclip {

namespace {

constexpr std::string_view kBicubic = "bicubic", kBilinear = "bilinear", kSquash = "squash";

std::string triple(const std::array<float, 3>& values) {
  return fmt::format("{} {} {}", values[0], values[1], values[2]);
}

/// The three numbers of "a b c" where that is how triple() would write them.
bool parse_triple(const std::string& text, std::array<float, 3>& out) {
  const char* at = text.data();
  const char* const end = at + text.size();
  std::array<float, 3> values{};
  for (float& value : values) {
    const auto [next, error] = std::from_chars(at, end, value);
    if (error != std::errc() || !std::isfinite(value)) return false;
    at = next < end ? next + 1 : end;
  }
  if (triple(values) != text) return false;
  out = values;
  return true;
}

std::string value_of(const Checkpoint& own, const std::string& key) {
  const auto found = own.metadata().find(key);
  return found == own.metadata().end() ? std::string() : found->second;
}

}  // namespace

std::map<std::string, std::string> describe(const ModelConfig& config) {
  std::map<std::string, std::string> out = {
      {"format", "mobileclip"},
      {"variant", std::string(config.name)},
      {"image_size", std::to_string(config.image_size)},
      {"interpolation",
       std::string(config.interpolation == InterpolationKind::kBicubic ? kBicubic : kBilinear)},
      {"mean", triple(config.mean)},
      {"std", triple(config.std)},
      {"context", std::to_string(config.text.context)}};
  if (config.resize == ResizeKind::kSquash) out.emplace("resize", kSquash);
  return out;
}

void require_contract(const Checkpoint& own, const ModelConfig& config) {
  for (const auto& [key, expected] : describe(config)) {
    if (key == "variant" || value_of(own, key) == expected) continue;
    fail(ErrorCode::kWrongModel, "{}: {} is {}, but {} has {}", quote(own.name()), key,
         quote(value_of(own, key)), config.name, quote(expected));
  }
}

ModelConfig described_variant(const Checkpoint& converted) {
  const ModelConfig* known = find_variant(value_of(converted, "variant"));
  if (known == nullptr) {
    fail(ErrorCode::kUnsupported,
         "{} is a converted file of the variant {}, which this program does not know",
         quote(converted.name()), quote(value_of(converted, "variant")));
  }
  ModelConfig config = *known;
  if (config.dialect == "open_clip") {
    // Their weights come with a configuration of their own, which convert has written down.
    parse_triple(value_of(converted, "mean"), config.mean);
    parse_triple(value_of(converted, "std"), config.std);
    const std::string interpolation = value_of(converted, "interpolation");
    if (interpolation == kBicubic) config.interpolation = InterpolationKind::kBicubic;
    if (interpolation == kBilinear) config.interpolation = InterpolationKind::kBilinear;
    config.resize =
        value_of(converted, "resize") == kSquash ? ResizeKind::kSquash : ResizeKind::kShortest;
  }
  require_contract(converted, config);
  return config;
}

}  // namespace mobileclip
