#include "config/open_clip_variants.h"

namespace mobileclip {
namespace {

constexpr std::string_view kAppleLicence = "Apple ML Research Model";
constexpr std::string_view kMit = "MIT";
constexpr std::string_view kApache = "Apache-2.0";
constexpr std::string_view kAnyLicence = "of its publisher";
constexpr std::string_view kContractNote =
    "mean and std are taken to be those of MobileCLIP2; not confirmed for these weights";

constexpr std::array<float, 3> kOpenAiMean = {0.48145466f, 0.4578275f, 0.40821073f};
constexpr std::array<float, 3> kOpenAiStd = {0.26862954f, 0.26130258f, 0.27577711f};

constexpr ModelConfig base(std::string_view name, std::string_view licence) {
  ModelConfig config;
  config.name = name;
  config.dialect = "open_clip";
  config.licence = licence;
  return config;
}

constexpr void use_openai_pixels(ModelConfig& config) {
  config.mean = kOpenAiMean;
  config.std = kOpenAiStd;
}

/// The text encoder and embedding of the larger models.
constexpr void widen_text(ModelConfig& config) {
  config.text.width = 768;
  config.text.heads = 12;
  config.text.ffn = 3072;
  config.embed_dim = 768;
}

/// fastvit_mci0, 1, 2.
constexpr ModelConfig mci(std::string_view name, MciConfig image) {
  ModelConfig config = base(name, kAppleLicence);
  config.mci = image;
  config.head_bias = true;
  return config;
}

/// fastvit_mci3 and 4.
constexpr ModelConfig large_mci(std::string_view name, int last_depth, int width,
                                std::string_view note = {}) {
  ModelConfig config = mci(name, {.depths = {2, 12, 24, 4, last_depth},
                                  .widths = {width, 2 * width, 4 * width, 8 * width, 16 * width},
                                  .ffn_ratio = 4,
                                  .attention_stages = 2,
                                  .attention_norm = true,
                                  .squeeze_excite = false,
                                  .stem_scale = false});
  config.note = note;
  use_openai_pixels(config);
  widen_text(config);
  return config;
}

/// vit_base_mci_224.
constexpr ModelConfig vit(std::string_view name) {
  ModelConfig config = base(name, kAppleLicence);
  config.image_tower = ImageTower::kVit;
  config.vit = {.width = 768,
                .layers = 12,
                .heads = 12,
                .ffn = 3072,
                .stem_width = 192,
                .stem_padding = 0,
                .ln_eps = 1e-6f};
  config.text.causal = true;
  config.image_size = 224;
  config.head_bias = true;
  return config;
}

constexpr VitConfig base_patches(int patch, ActivationKind activation) {
  return {.width = 768,
          .layers = 12,
          .heads = 12,
          .ffn = 3072,
          .patch = patch,
          .pre_norm = true,
          .activation = activation};
}

constexpr VitConfig large_patches(ActivationKind activation) {
  return {.width = 1024,
          .layers = 24,
          .heads = 16,
          .ffn = 4096,
          .patch = 14,
          .pre_norm = true,
          .activation = activation};
}

constexpr ModelConfig mobileclip_large(std::string_view name, std::string_view note = {}) {
  ModelConfig config = base(name, kAppleLicence);
  config.note = note;
  config.image_tower = ImageTower::kPatchVit;
  config.vit = large_patches(ActivationKind::kGelu);
  config.image_size = 224;
  config.interpolation = InterpolationKind::kBicubic;
  config.head_bias = true;
  use_openai_pixels(config);
  widen_text(config);
  return config;
}

/// OpenAI's networks; with GELU as LAION and DataComp trained them.
constexpr ModelConfig clip(std::string_view name, std::string_view licence, int patch,
                           int image_size, ActivationKind activation) {
  ModelConfig config = base(name, licence);
  const bool large = patch == 14;
  config.openai_names = true;
  config.image_tower = ImageTower::kPatchVit;
  config.vit = large ? large_patches(activation) : base_patches(patch, activation);
  config.image_size = image_size;
  config.interpolation = InterpolationKind::kBicubic;
  use_openai_pixels(config);
  if (large) widen_text(config);
  config.text.causal = true;
  config.text.activation = activation;
  return config;
}

constexpr ModelConfig siglip(std::string_view name) {
  ModelConfig config = base(name, kApache);
  config.image_tower = ImageTower::kPatchVit;
  config.vit = {.width = 768,
                .layers = 12,
                .heads = 12,
                .ffn = 3072,
                .patch = 16,
                .patch_bias = true,
                .attention_pool = true,
                .ln_eps = 1e-6f};
  config.image_size = 224;
  config.interpolation = InterpolationKind::kBicubic;
  config.resize = ResizeKind::kSquash;
  config.mean = {0.5f, 0.5f, 0.5f};
  config.std = {0.5f, 0.5f, 0.5f};
  widen_text(config);
  config.text.vocabulary = 32000;
  config.text.context = 64;
  config.text.ln_eps = 1e-6f;
  config.text.sentence_piece = true;
  config.text.projection_bias = true;
  config.logit_bias = true;
  return config;
}

constexpr MciConfig kMci0 = {{2, 6, 10, 2}, {64, 128, 256, 512}};
constexpr MciConfig kMci1 = {{4, 12, 20, 4}, {64, 128, 256, 512}};
constexpr MciConfig kMci2 = {{4, 12, 24, 4}, {80, 160, 320, 640}};
constexpr ActivationKind kGelu = ActivationKind::kGelu;
constexpr ActivationKind kQuick = ActivationKind::kQuickGelu;

constexpr ModelConfig kRows[] = {
    mci("MobileCLIP-S1", kMci1),
    mci("MobileCLIP-S2", kMci2),
    vit("MobileCLIP-B"),
    vit("MobileCLIP-B-LT"),
    mci("MobileCLIP2-S0", kMci0),
    mci("MobileCLIP2-S2", kMci2),
    vit("MobileCLIP2-B"),
    large_mci("MobileCLIP2-S3", 2, 96),
    large_mci("MobileCLIP2-S4", 4, 128),
    mobileclip_large("MobileCLIP2-L-14"),
    large_mci("MobileCLIP-S3", 2, 96, kContractNote),
    large_mci("MobileCLIP-S4", 4, 128, kContractNote),
    mobileclip_large("MobileCLIP-L-14", kContractNote),
    clip("ViT-B-32-quickgelu", kMit, 32, 224, kQuick),
    clip("ViT-B-16-quickgelu", kMit, 16, 224, kQuick),
    clip("ViT-L-14-quickgelu", kMit, 14, 224, kQuick),
    clip("ViT-L-14-336-quickgelu", kMit, 14, 336, kQuick),
    clip("DFN2B-CLIP-ViT-B-16", kAppleLicence, 16, 224, kQuick),
    clip("ViT-B-32", kAnyLicence, 32, 224, kGelu),
    clip("ViT-B-16", kAnyLicence, 16, 224, kGelu),
    clip("ViT-L-14", kAnyLicence, 14, 224, kGelu),
    clip("ViT-L-14-336", kAnyLicence, 14, 336, kGelu),
    siglip("ViT-B-16-SigLIP"),
};

}  // namespace

std::span<const ModelConfig> open_clip_variants() { return kRows; }

}  // namespace mobileclip
