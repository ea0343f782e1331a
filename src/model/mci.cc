#include "model/mci.h"

#include <fmt/core.h>

#include <algorithm>
#include <type_traits>

#include "kernels/elementwise.h"

namespace mobileclip {
namespace {

template <typename Weights>
struct BlockOf;
template <>
struct BlockOf<RepMixerBlockWeights> {
  using Type = RepMixerBlock;
};
template <>
struct BlockOf<PatchEmbedWeights> {
  using Type = PatchEmbed;
};
template <>
struct BlockOf<RepCpeWeights> {
  using Type = RepCpe;
};
template <>
struct BlockOf<AttentionBlockWeights> {
  using Type = AttentionBlock;
};

constexpr size_t kEarlyParts = 3;  // of `network`: stage 1, downsampling, stage 2

}  // namespace

MciWeights MciWeights::read(const Scope& scope, const ModelConfig& config) {
  MciWeights out;
  const auto width = [&](size_t stage) { return static_cast<size_t>(config.mci.widths[stage]); };
  const auto ratio = static_cast<size_t>(config.mci.ffn_ratio);
  const size_t stages = config.mci.stages();
  out.stem = MciStemWeights::read(scope / "patch_embed", width(0), config.mci.stem_scale);
  const Scope network = scope / "network";
  for (size_t stage = 0; stage < stages; ++stage) {
    if (stage > 0) {
      // The first of the downsamplings has no squeeze-and-excite.
      const Scope here = network / out.network.size();
      const bool se = config.mci.squeeze_excite && stage >= 2;
      out.network.emplace_back().emplace_back(
          PatchEmbedWeights::read(here, width(stage - 1), width(stage), se));
    }
    const bool attention = stage + static_cast<size_t>(config.mci.attention_stages) >= stages;
    if (attention) {
      const Scope here = network / out.network.size();
      out.network.emplace_back().emplace_back(RepCpeWeights::read(here, width(stage)));
    }
    const Scope here = network / out.network.size();
    std::vector<MciBlockWeights>& blocks = out.network.emplace_back();
    for (int block = 0; block < config.mci.depths[stage]; ++block) {
      const Scope at = here / static_cast<size_t>(block);
      const size_t hidden = ratio * width(stage);
      if (attention) {
        blocks.emplace_back(
            AttentionBlockWeights::read(at, width(stage), hidden, config.mci.attention_norm));
      } else {
        blocks.emplace_back(RepMixerBlockWeights::read_image(at, width(stage), hidden));
      }
    }
  }
  const size_t last = width(stages - 1);
  out.conv_exp = ConvExpWeights::read(scope / "conv_exp", last);
  out.projection = ProjectionWeights::read(scope / "head", 2 * last, config);
  return out;
}

Mci::Mci(const MciWeights& weights, const ModelConfig& config, BuildJobs& jobs)
    : image_size_(static_cast<size_t>(config.image_size)) {
  // The stem's first output is the largest: half the image's extent.
  features_per_item_ = (image_size_ / 2) * (image_size_ / 2) * weights.stem.channels;
  jobs.add([&](Foundry& foundry) { stem_ = std::make_unique<MciStem>(weights.stem, foundry); });
  network_.resize(weights.network.size());
  for (size_t i = 0; i < network_.size(); ++i) {
    network_[i].resize(weights.network[i].size());
    for (size_t j = 0; j < network_[i].size(); ++j) {
      jobs.add([this, &weights, i, j](Foundry& foundry) {
        std::visit(
            [&]<typename W>(const W& block) {
              network_[i][j].template emplace<typename BlockOf<W>::Type>(block, foundry);
            },
            weights.network[i][j]);
      });
    }
  }
  jobs.add(
      [&](Foundry& foundry) { conv_exp_ = std::make_unique<ConvExp>(weights.conv_exp, foundry); });
  jobs.add([&](Foundry& foundry) { projection_ = pack(foundry, weights.projection); });
}

void Mci::run(const RunContext& context, size_t begin, size_t end, Features& f,
              const Probe& probe) const {
  for (size_t i = begin; i < end; ++i) {
    for (const Block& block : network_[i]) {
      std::visit(
          [&]<typename B>(const B& layer) {
            if constexpr (!std::is_same_v<B, std::monostate>) layer.forward(context, f);
          },
          block);
    }
    if (probe) probe(fmt::format("network.{}", i), f);
  }
}

void Mci::encode(const RunContext& context, const float* pixels, size_t n, float* out,
                 const Probe& probe) const {
  // The large activations and small weights of the early stages go item by item, while they are in
  // cache; the small activations and large weights of the late ones go together.
  Features f;
  for (size_t item = 0; item < n; ++item) {
    Features early;
    early.data = context.workspace.buffer(Workspace::kFeatures, features_per_item_);
    early.spare = context.workspace.buffer(Workspace::kSpare, features_per_item_);
    early.n = 1;
    early.height = early.width = image_size_;
    stem_->forward(context, pixels + item * image_size_ * image_size_ * 3, early);
    if (probe) probe("patch_embed", early);
    run(context, 0, kEarlyParts, early, probe);
    if (item == 0) {
      // Every later activation of an item is smaller than this one.
      f = early;
      f.n = n;
      f.data = context.workspace.buffer(Workspace::kRows, n * early.per_item());
      f.spare = context.workspace.buffer(Workspace::kHidden, n * early.per_item());
    }
    std::copy_n(early.data, early.per_item(), f.data + item * early.per_item());
  }
  run(context, kEarlyParts, network_.size(), f, probe);
  conv_exp_->forward(context, f);
  if (probe) probe("conv_exp", f);
  for (size_t item = 0; item < n; ++item) {
    kernels::mean_pool(f.data + item * f.per_item(), f.positions(), f.channels,
                       f.spare + item * f.channels);
  }
  kernels::gemm(context.pool, f.spare, f.channels, n, projection_, out, projection_.n());
}

}  // namespace mobileclip
