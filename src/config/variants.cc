#include <algorithm>
#include <cctype>
#include <iterator>
#include <tuple>

#include "config/model_config.h"
#include "config/open_clip_variants.h"

namespace mobileclip {
namespace {

constexpr std::string_view kAppleLicence = "Apple ML Research Model";

constexpr ModelConfig mci(std::string_view name, TextTower text_tower, int text_layers,
                          MciConfig image) {
  ModelConfig config;
  config.name = name;
  config.dialect = "mobileclip";
  config.licence = kAppleLicence;
  config.image_tower = ImageTower::kMci;
  config.text_tower = text_tower;
  config.mci = image;
  config.text.layers = text_layers;
  return config;
}

constexpr ModelConfig vit(std::string_view name) {
  ModelConfig config;
  config.name = name;
  config.dialect = "mobileclip";
  config.licence = kAppleLicence;
  config.image_tower = ImageTower::kVit;
  config.vit = {.width = 768, .layers = 12, .heads = 12, .ffn = 3072, .stem_width = 192};
  config.text.causal = true;
  config.image_size = 224;
  return config;
}

/// A small model of this project's own: MCi image tower, MCt text tower.
constexpr ModelConfig nano(std::string_view name, MciConfig image, int image_size, int text_width,
                           int text_layers) {
  ModelConfig config = mci(name, TextTower::kMct, text_layers, image);
  config.licence = "MIT; drawings: see NOTICE";
  config.image_size = image_size;
  config.embed_dim = 256;
  config.interpolation = InterpolationKind::kBicubic;
  config.text.context = 16;
  config.text.width = text_width;
  config.text.heads = text_width / 32;
  config.text.ffn = 4 * text_width;
  return config;
}

constexpr ModelConfig kRows[] = {
    mci("mobileclip_s0", TextTower::kMct, 4, {{2, 6, 10, 2}, {64, 128, 256, 512}}),
    mci("mobileclip_s1", TextTower::kBase, 12, {{4, 12, 20, 4}, {64, 128, 256, 512}}),
    mci("mobileclip_s2", TextTower::kBase, 12, {{4, 12, 24, 4}, {80, 160, 320, 640}}),
    vit("mobileclip_b"),
    vit("mobileclip_blt"),
    nano("mobileclip_nano", {{2, 2, 4, 1}, {32, 64, 128, 256}}, 64, 96, 2),
    nano("mobileclip_nano_teacher", {{2, 3, 5, 2}, {40, 80, 160, 320}}, 48, 128, 3),
};

bool equal_without_case(std::string_view a, std::string_view b) {
  const auto lower = [](char c) { return std::tolower(static_cast<unsigned char>(c)); };
  return std::ranges::equal(a, b, {}, lower, lower);
}

}  // namespace

std::span<const ModelConfig> variants() {
  static const std::vector<ModelConfig> all = [] {
    std::vector<ModelConfig> out(std::begin(kRows), std::end(kRows));
    const std::span<const ModelConfig> more = open_clip_variants();
    out.insert(out.end(), more.begin(), more.end());
    return out;
  }();
  return all;
}

const ModelConfig* find_variant(std::string_view name) {
  for (const ModelConfig& config : variants()) {
    if (equal_without_case(config.name, name)) return &config;
  }
  return nullptr;
}

bool same_network(const ModelConfig& a, const ModelConfig& b) {
  const auto facts = [](const ModelConfig& c) {
    return std::tie(c.dialect, c.image_tower, c.text_tower, c.mci, c.vit, c.text, c.image_size,
                    c.embed_dim, c.head_bias, c.logit_bias, c.openai_names, c.interpolation,
                    c.resize, c.mean, c.std);
  };
  return facts(a) == facts(b);
}

std::vector<std::string_view> same_networks(const ModelConfig& config) {
  std::vector<std::string_view> out;
  for (const ModelConfig& other : variants()) {
    if (same_network(config, other)) out.push_back(other.name);
  }
  return out;
}

}  // namespace mobileclip
