#include "config/open_clip_config.h"

#include <fmt/format.h>

#include <cmath>
#include <nlohmann/json.hpp>

#include "base/error.h"

namespace mobileclip {
namespace {

using Json = nlohmann::json;

/// Looks values up and knows what to say about a wrong one.
class Reader {
 public:
  explicit Reader(std::string_view beside) : beside_(beside) {}

  [[noreturn]] void refuse(std::string_view key, std::string_view expected) const {
    fail(ErrorCode::kDamaged, "the open_clip_config.json beside {}: {} is not {}", quote(beside_),
         key, expected);
  }

  /// Null if the object has no such key, or null under it.
  const Json* find(const Json& object, const char* key) const {
    const auto found = object.find(key);
    return found == object.end() || found->is_null() ? nullptr : &*found;
  }

  const Json* object(const Json& parent, const char* key) const {
    const Json* value = find(parent, key);
    if (value != nullptr && !value->is_object()) refuse(key, "an object");
    return value;
  }

  std::optional<bool> boolean(const Json& parent, const char* key) const {
    const Json* value = find(parent, key);
    if (value == nullptr) return std::nullopt;
    if (!value->is_boolean()) refuse(key, "true or false");
    return value->get<bool>();
  }

  std::optional<std::array<float, 3>> triple(const Json& parent, const char* key,
                                             bool positive) const {
    const Json* value = find(parent, key);
    if (value == nullptr) return std::nullopt;
    std::array<float, 3> out{};
    if (!value->is_array() || value->size() != out.size()) refuse(key, "three numbers");
    for (size_t i = 0; i < out.size(); ++i) {
      if (!(*value)[i].is_number()) refuse(key, "three numbers");
      out[i] = (*value)[i].get<float>();
      if (!std::isfinite(out[i]) || (positive && out[i] <= 0)) refuse(key, "three usable numbers");
    }
    return out;
  }

  template <typename Kind>
  std::optional<Kind> choice(const Json& parent, const char* key, std::string_view first_name,
                             Kind first, std::string_view second_name, Kind second) const {
    const Json* value = find(parent, key);
    if (value == nullptr) return std::nullopt;
    const std::string expected = fmt::format("\"{}\" or \"{}\"", first_name, second_name);
    if (!value->is_string()) refuse(key, expected);
    const auto& text = value->get_ref<const std::string&>();
    if (text == first_name) return first;
    if (text == second_name) return second;
    refuse(key, expected);
  }

  /// A number, or two equal ones.
  std::optional<int> extent(const Json& parent, const char* key) const {
    const Json* value = find(parent, key);
    if (value == nullptr) return std::nullopt;
    constexpr std::string_view kExpected = "a whole number or two equal ones";
    const bool pair = value->is_array() && value->size() == 2 && (*value)[0] == (*value)[1];
    const Json& number = pair ? (*value)[0] : *value;
    if (!number.is_number_integer()) refuse(key, kExpected);
    const auto size = number.get<int64_t>();
    if (size < 1 || size > 65536) refuse(key, "a usable size");
    return static_cast<int>(size);
  }

 private:
  std::string_view beside_;
};

}  // namespace

std::optional<OpenClipConfig> parse_open_clip_config(std::string_view text,
                                                     std::string_view beside) {
  if (text.empty()) return std::nullopt;
  const Reader reader(beside);
  const Json root = Json::parse(text, nullptr, false);
  if (!root.is_object()) reader.refuse("the file", "a JSON object");
  OpenClipConfig out;
  if (const Json* model = reader.object(root, "model_cfg")) {
    const bool quick = reader.boolean(*model, "quick_gelu").value_or(false);
    out.activation = quick ? ActivationKind::kQuickGelu : ActivationKind::kGelu;
    if (const Json* of_text = reader.object(*model, "text_cfg")) {
      if (const auto no_mask = reader.boolean(*of_text, "no_causal_mask")) out.causal = !*no_mask;
    }
  }
  if (const Json* pixels = reader.object(root, "preprocess_cfg")) {
    out.image_size = reader.extent(*pixels, "size");
    out.mean = reader.triple(*pixels, "mean", false);
    out.std = reader.triple(*pixels, "std", true);
    out.interpolation =
        reader.choice(*pixels, "interpolation", "bilinear", InterpolationKind::kBilinear, "bicubic",
                      InterpolationKind::kBicubic);
    out.resize = reader.choice(*pixels, "resize_mode", "shortest", ResizeKind::kShortest, "squash",
                               ResizeKind::kSquash);
  }
  return out;
}

std::string OpenClipConfig::contradiction(const ModelConfig& config) const {
  // Only OpenAI's networks exist with either activation.
  if (config.openai_names && activation && *activation != config.text.activation) {
    return fmt::format("quick_gelu is {}", *activation == ActivationKind::kQuickGelu);
  }
  if (causal && *causal != config.text.causal) {
    return fmt::format("no_causal_mask is {}", !*causal);
  }
  if (image_size && *image_size != config.image_size) {
    return fmt::format("size is {}", *image_size);
  }
  return "";
}

ModelConfig OpenClipConfig::applied_to(ModelConfig config) const {
  config.mean = mean.value_or(config.mean);
  config.std = std.value_or(config.std);
  config.interpolation = interpolation.value_or(config.interpolation);
  config.resize = resize.value_or(config.resize);
  return config;
}

}  // namespace mobileclip
