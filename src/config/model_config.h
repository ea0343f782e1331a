/// The variants as plain data: one row each in variants.cc.
#ifndef MOBILECLIP_CONFIG_MODEL_CONFIG_H_
#define MOBILECLIP_CONFIG_MODEL_CONFIG_H_

#include <array>
#include <span>
#include <string_view>

namespace mobileclip {

enum class ImageTower { kMci, kVit };
enum class TextTower { kBase, kMct };

/// An MCi image encoder: four stages, the last of attention blocks.
struct MciConfig {
  std::array<int, 4> depths{};
  std::array<int, 4> widths{};
  int ffn_ratio = 3;  ///< hidden width of a ConvFFN / its width
};

/// A ViT image encoder with a convolutional stem.
struct VitConfig {
  int width = 0;
  int layers = 0;
  int heads = 0;
  int ffn = 0;
  int stem_width = 0;
};

/// A text encoder; for kMct a RepMixer block stands before and after the transformer layers.
struct TextConfig {
  int vocabulary = 49408;
  int context = 77;
  int width = 512;
  int heads = 8;
  int ffn = 2048;
  int layers = 12;
  bool causal = false;
};

enum class InterpolationKind { kBilinear, kBicubic };

struct ModelConfig {
  std::string_view name;          ///< "mobileclip_s0", …
  std::string_view same_network;  ///< another variant whose files cannot be told from this one's
  std::string_view dialect;       ///< whose tensor names: "mobileclip"
  std::string_view licence;       ///< of the published weights
  ImageTower image_tower = ImageTower::kMci;
  TextTower text_tower = TextTower::kBase;
  MciConfig mci;
  VitConfig vit;
  TextConfig text;
  int image_size = 256;
  int embed_dim = 512;
  InterpolationKind interpolation = InterpolationKind::kBilinear;
  std::array<float, 3> mean{0, 0, 0};
  std::array<float, 3> std{1, 1, 1};
};

/// Every known variant.
std::span<const ModelConfig> variants();
/// By name, without regard to case; null if there is none.
const ModelConfig* find_variant(std::string_view name);

}  // namespace mobileclip

#endif  // MOBILECLIP_CONFIG_MODEL_CONFIG_H_
