/// The variants as plain data: one row each in variants.cc and open_clip_variants.cc.
#ifndef MOBILECLIP_CONFIG_MODEL_CONFIG_H_
#define MOBILECLIP_CONFIG_MODEL_CONFIG_H_

#include <array>
#include <cstddef>
#include <span>
#include <string_view>
#include <vector>

namespace mobileclip {

enum class ImageTower {
  kMci,
  kVit,       ///< with a convolutional stem
  kPatchVit,  ///< with one convolution over patches
};
enum class TextTower { kBase, kMct };
enum class ActivationKind { kGelu, kQuickGelu };

/// An MCi image encoder: stages of RepMixer blocks, then of attention blocks.
struct MciConfig {
  std::array<int, 5> depths{};  ///< 0: there is no such stage
  std::array<int, 5> widths{};
  int ffn_ratio = 3;            ///< hidden width of a ConvFFN / its width
  int attention_stages = 1;     ///< the last ones; each begins with a positional encoding
  bool attention_norm = false;  ///< layer norm over the channels instead of batch norm
  bool squeeze_excite = true;   ///< in the downsamplings before the third stage and later
  bool stem_scale = true;       ///< 1×1 branches in the stem
  constexpr size_t stages() const {
    size_t count = 0;
    while (count < depths.size() && depths[count] > 0) ++count;
    return count;
  }
  bool operator==(const MciConfig&) const = default;
};

/// A ViT image encoder.
struct VitConfig {
  int width = 0;
  int layers = 0;
  int heads = 0;
  int ffn = 0;
  int stem_width = 0;           ///< kVit
  int stem_padding = 1;         ///< kVit: of the first convolution
  int patch = 0;                ///< kPatchVit: extent of a patch
  bool patch_bias = false;      ///< kPatchVit
  bool pre_norm = false;        ///< kPatchVit: layer norm before the first layer
  bool attention_pool = false;  ///< kPatchVit: instead of a class token
  ActivationKind activation = ActivationKind::kGelu;
  float ln_eps = 1e-5f;
  bool operator==(const VitConfig&) const = default;
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
  ActivationKind activation = ActivationKind::kGelu;
  float ln_eps = 1e-5f;
  bool sentence_piece = false;  ///< SigLIP's tokenizer and pooling of the last position
  bool projection_bias = false;
  bool operator==(const TextConfig&) const = default;
};

enum class InterpolationKind { kBilinear, kBicubic };
enum class ResizeKind {
  kShortest,  ///< the short edge to S, then the centre
  kSquash,    ///< both edges to S
};

struct ModelConfig {
  std::string_view name;     ///< "mobileclip_s0", "MobileCLIP2-S0", …
  std::string_view dialect;  ///< whose tensor names: "mobileclip", "open_clip"
  std::string_view licence;  ///< of the published weights
  /// What is not certain about the row; empty mostly.
  std::string_view note = {};
  ImageTower image_tower = ImageTower::kMci;
  TextTower text_tower = TextTower::kBase;
  MciConfig mci;
  VitConfig vit;
  TextConfig text;
  int image_size = 256;
  int embed_dim = 512;
  bool head_bias = false;   ///< of the image projection
  bool logit_bias = false;  ///< probabilities are sigmoids of scale · cosine + bias
  /// open_clip's: text tensors without `text.`, OpenAI's names in the image tower
  bool openai_names = false;
  InterpolationKind interpolation = InterpolationKind::kBilinear;
  ResizeKind resize = ResizeKind::kShortest;
  std::array<float, 3> mean{0, 0, 0};
  std::array<float, 3> std{1, 1, 1};
};

/// Every known variant.
std::span<const ModelConfig> variants();
/// By name, without regard to case; null if there is none.
const ModelConfig* find_variant(std::string_view name);
/// Whether files of the two can be read as either: equal in all but name, licence and note.
bool same_network(const ModelConfig& a, const ModelConfig& b);
/// All variants that are the same network, itself among them.
std::vector<std::string_view> same_networks(const ModelConfig& config);

}  // namespace mobileclip

#endif  // MOBILECLIP_CONFIG_MODEL_CONFIG_H_
