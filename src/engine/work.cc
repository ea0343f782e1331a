#include "engine/work.h"

#include <cstddef>

namespace mobileclip {
namespace {

size_t halved(size_t extent) { return (extent + 1) / 2; }

/// Multiply-adds of a transformer layer for each token.
size_t transformer_layer(size_t width, size_t ffn) { return 4 * width * width + 2 * width * ffn; }

constexpr size_t k3x3 = 9, k7x7 = 49;

size_t mci(const ModelConfig& config) {
  const auto width = [&](size_t stage) { return static_cast<size_t>(config.mci.widths[stage]); };
  const auto ratio = static_cast<size_t>(config.mci.ffn_ratio);
  size_t extent = halved(static_cast<size_t>(config.image_size));
  size_t sum = extent * extent * width(0) * 3 * k3x3;  // the stem: dense, depthwise, 1×1
  extent = halved(extent);
  sum += extent * extent * width(0) * (k3x3 + width(0));
  const size_t stages = config.mci.stages();
  for (size_t stage = 0; stage < stages; ++stage) {
    const size_t c = width(stage);
    if (stage > 0) {
      extent = halved(extent);
      sum += extent * extent * c * (k7x7 + c);
      if (stage >= 2 && config.mci.squeeze_excite) sum += 2 * c * (c / 4);  // squeeze-and-excite
    }
    const size_t positions = extent * extent;
    const bool attention = stage + static_cast<size_t>(config.mci.attention_stages) >= stages;
    if (attention) sum += positions * c * k7x7;  // positional encoding
    const size_t mixer = attention ? 4 * c * c : k3x3 * c;
    const size_t ffn = k7x7 * c + 2 * c * ratio * c;
    sum += static_cast<size_t>(config.mci.depths[stage]) * positions * (mixer + ffn);
  }
  const size_t last = 2 * width(stages - 1);
  sum += extent * extent * last * k3x3 + 2 * last * (last / 16);
  return sum + last * static_cast<size_t>(config.embed_dim);
}

size_t vit(const ModelConfig& config) {
  const auto width = static_cast<size_t>(config.vit.width);
  const auto stem = static_cast<size_t>(config.vit.stem_width);
  size_t extent = static_cast<size_t>(config.image_size) / 4;
  size_t sum = extent * extent * stem * 3 * 4 * 4;
  extent /= 2;
  sum += extent * extent * stem * stem * 2 * 2;
  extent /= 2;
  sum += extent * extent * width * stem * 2 * 2;
  const size_t tokens = extent * extent + 1;
  sum += tokens * static_cast<size_t>(config.vit.layers) *
         transformer_layer(width, static_cast<size_t>(config.vit.ffn));
  return sum + width * static_cast<size_t>(config.embed_dim);
}

size_t patch_vit(const ModelConfig& config) {
  const VitConfig& vit = config.vit;
  const auto width = static_cast<size_t>(vit.width);
  const auto ffn = static_cast<size_t>(vit.ffn);
  const auto patch = static_cast<size_t>(vit.patch);
  const size_t extent = static_cast<size_t>(config.image_size) / patch;
  const size_t patches = extent * extent;
  const size_t tokens = patches + (vit.attention_pool ? 0 : 1);
  size_t sum = patches * width * 3 * patch * patch;
  sum += tokens * static_cast<size_t>(vit.layers) * transformer_layer(width, ffn);
  if (!vit.attention_pool) return sum + width * static_cast<size_t>(config.embed_dim);
  // Keys and values of all tokens; query, projection and MLP of one.
  return sum + tokens * 2 * width * width + 2 * width * width + 2 * width * ffn;
}

size_t image(const ModelConfig& config) {
  switch (config.image_tower) {
    case ImageTower::kMci:
      return mci(config);
    case ImageTower::kVit:
      return vit(config);
    case ImageTower::kPatchVit:
      return patch_vit(config);
  }
  return 0;
}

size_t text(const ModelConfig& config) {
  const auto width = static_cast<size_t>(config.text.width);
  const auto ffn = static_cast<size_t>(config.text.ffn);
  const auto layers = static_cast<size_t>(config.text.layers);
  size_t per_token = layers * transformer_layer(width, ffn);
  if (config.text_tower == TextTower::kMct) {
    per_token += 2 * (11 * width + 11 * width + 2 * width * ffn);  // two RepMixer blocks
  }
  return static_cast<size_t>(config.text.context) * per_token +
         width * static_cast<size_t>(config.embed_dim);
}

double gflop(size_t multiply_adds) { return 2e-9 * static_cast<double>(multiply_adds); }

}  // namespace

Work work_per_item(const ModelConfig& config) {
  return {gflop(image(config)), gflop(text(config))};
}

}  // namespace mobileclip
