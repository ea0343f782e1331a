#include "engine/work.h"

#include <fmt/core.h>

#include <cstddef>

namespace mobileclip {
namespace {

constexpr size_t k3x3 = 9, k7x7 = 49;

size_t halved(size_t extent) { return (extent + 1) / 2; }

/// Multiply-adds of a transformer layer for each token.
size_t transformer_layer(size_t width, size_t ffn) { return 4 * width * width + 2 * width * ffn; }

/// Parts as multiply-adds.
class Parts {
 public:
  void add(std::string name, size_t multiply_adds) {
    parts_.push_back({std::move(name), 2e-9 * static_cast<double>(multiply_adds)});
  }
  std::vector<PartWork> take() { return std::move(parts_); }

 private:
  std::vector<PartWork> parts_;
};

std::vector<PartWork> mci(const ModelConfig& config) {
  const auto width = [&](size_t stage) { return static_cast<size_t>(config.mci.widths[stage]); };
  const auto ratio = static_cast<size_t>(config.mci.ffn_ratio);
  Parts parts;
  size_t extent = halved(static_cast<size_t>(config.image_size));
  size_t stem = extent * extent * width(0) * 3 * k3x3;  // dense, depthwise, 1×1
  extent = halved(extent);
  stem += extent * extent * width(0) * (k3x3 + width(0));
  parts.add("patch_embed", stem);
  size_t index = 0;
  const auto network = [&](size_t sum) { parts.add(fmt::format("network.{}", index++), sum); };
  const size_t stages = config.mci.stages();
  for (size_t stage = 0; stage < stages; ++stage) {
    const size_t c = width(stage);
    if (stage > 0) {
      extent = halved(extent);
      const bool gated = stage >= 2 && config.mci.squeeze_excite;
      network(extent * extent * c * (k7x7 + c) + (gated ? 2 * c * (c / 4) : 0));
    }
    const size_t positions = extent * extent;
    const bool attention = stage + static_cast<size_t>(config.mci.attention_stages) >= stages;
    if (attention) network(positions * c * k7x7);  // positional encoding
    const size_t mixer = attention ? 4 * c * c : k3x3 * c;
    const size_t ffn = k7x7 * c + 2 * c * ratio * c;
    network(static_cast<size_t>(config.mci.depths[stage]) * positions * (mixer + ffn));
  }
  const size_t last = 2 * width(stages - 1);
  parts.add("conv_exp", extent * extent * last * k3x3 + 2 * last * (last / 16));
  parts.add("head", last * static_cast<size_t>(config.embed_dim));
  return parts.take();
}

std::vector<PartWork> vit(const ModelConfig& config) {
  const auto width = static_cast<size_t>(config.vit.width);
  const auto stem = static_cast<size_t>(config.vit.stem_width);
  Parts parts;
  size_t extent = static_cast<size_t>(config.image_size) / 4;
  size_t patches = extent * extent * stem * 3 * 4 * 4;
  extent /= 2;
  patches += extent * extent * stem * stem * 2 * 2;
  extent /= 2;
  parts.add("patch_emb", patches + extent * extent * width * stem * 2 * 2);
  const size_t tokens = extent * extent + 1;
  for (int layer = 0; layer < config.vit.layers; ++layer) {
    parts.add(fmt::format("transformer.{}", layer),
              tokens * transformer_layer(width, static_cast<size_t>(config.vit.ffn)));
  }
  parts.add("head", width * static_cast<size_t>(config.embed_dim));
  return parts.take();
}

std::vector<PartWork> patch_vit(const ModelConfig& config) {
  const VitConfig& vit = config.vit;
  const auto width = static_cast<size_t>(vit.width);
  const auto ffn = static_cast<size_t>(vit.ffn);
  const auto patch = static_cast<size_t>(vit.patch);
  const size_t extent = static_cast<size_t>(config.image_size) / patch;
  const size_t patches = extent * extent;
  const size_t tokens = patches + (vit.attention_pool ? 0 : 1);
  Parts parts;
  parts.add("patch_emb", patches * width * 3 * patch * patch);
  for (int layer = 0; layer < vit.layers; ++layer) {
    parts.add(fmt::format("transformer.{}", layer), tokens * transformer_layer(width, ffn));
  }
  // Of the pooling: keys and values of all tokens; query, projection and MLP of one.
  parts.add("head", vit.attention_pool
                        ? tokens * 2 * width * width + 2 * width * width + 2 * width * ffn
                        : width * static_cast<size_t>(config.embed_dim));
  return parts.take();
}

}  // namespace

std::vector<PartWork> image_work(const ModelConfig& config) {
  switch (config.image_tower) {
    case ImageTower::kMci:
      return mci(config);
    case ImageTower::kVit:
      return vit(config);
    case ImageTower::kPatchVit:
      return patch_vit(config);
  }
  return {};
}

std::vector<PartWork> text_work(const ModelConfig& config, int tokens) {
  const auto width = static_cast<size_t>(config.text.width);
  const auto ffn = static_cast<size_t>(config.text.ffn);
  const auto positions = static_cast<size_t>(config.text.causal ? tokens : config.text.context);
  Parts parts;
  size_t index = 0;
  const auto add = [&](size_t per_token) {
    parts.add(fmt::format("transformer.{}", index++), positions * per_token);
  };
  const bool mixers = config.text_tower == TextTower::kMct;  // a RepMixer block at either end
  const size_t mixer = 11 * width + 11 * width + 2 * width * ffn;
  if (mixers) add(mixer);
  for (int layer = 0; layer < config.text.layers; ++layer) add(transformer_layer(width, ffn));
  if (mixers) add(mixer);
  parts.add("head", width * static_cast<size_t>(config.embed_dim));
  return parts.take();
}

double total_gflop(const std::vector<PartWork>& parts) {
  double sum = 0;
  for (const PartWork& part : parts) sum += part.gflop;
  return sum;
}

Work work_per_item(const ModelConfig& config) {
  return {total_gflop(image_work(config)), total_gflop(text_work(config, config.text.context))};
}

}  // namespace mobileclip
