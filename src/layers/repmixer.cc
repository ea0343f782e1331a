#include "layers/repmixer.h"

#include <fmt/core.h>

#include <algorithm>
#include <utility>
#include <vector>

#include "layers/depthwise_layer.h"

namespace mobileclip {
namespace {

RepMixerBlockWeights read(const Scope& scope, size_t channels, size_t hidden, size_t mixer_h,
                          size_t mixer_w, size_t ffn_h, size_t ffn_w) {
  RepMixerBlockWeights out;
  out.layer_scale = scope.weight("layer_scale", {channels, 1, 1});
  out.mixer = RepMixerWeights::read(scope / "token_mixer", channels, mixer_h, mixer_w);
  out.ffn = ConvFfnWeights::read(scope / "convffn", channels, hidden, ffn_h, ffn_w);
  return out;
}

}  // namespace

RepMixerBlockWeights RepMixerBlockWeights::read_image(const Scope& scope, size_t channels,
                                                      size_t hidden) {
  return read(scope, channels, hidden, 3, 3, 7, 7);
}

RepMixerBlockWeights RepMixerBlockWeights::read_text(const Scope& scope, size_t channels,
                                                     size_t hidden) {
  return read(scope, channels, hidden, 1, 11, 1, 11);
}

RepMixerBlock::RepMixerBlock(const RepMixerBlockWeights& weights, Foundry& foundry)
    : mixer_(pack_depthwise(foundry, weights.mixer.path, weights.mixer.mixer.shape,
                            weights.mixer.mixer.shape.out, 1, [&] { return fold(weights.mixer); })),
      ffn_(weights.ffn, weights.layer_scale, foundry) {
  const ConvShape& shape = weights.mixer.mixer.shape;
  foundry.log(fmt::format("{}: identity + layer_scale * (mixer - norm) -> depthwise {}x{}",
                          weights.mixer.path, shape.kh, shape.kw));
}

void RepMixerBlock::forward(const RunContext& context, Features& features) const {
  depthwise_forward(context, mixer_, kernels::Activation::kNone, features);
  ffn_.forward(context, features);
}

void RepMixerBlock::forward_at(const RunContext& context, const float* x,
                               std::span<const RowSpan> items, std::span<const size_t> at,
                               float* out) const {
  const size_t c = mixer_.channels();
  // Only the rows that the ffn's convolution reads are made; the others stay as they were.
  float* mixed = context.workspace.buffer(Workspace::kRows, total_rows(items) * c);
  std::vector<RowSpan> packed(items.begin(), items.end());
  size_t row = 0;
  for (size_t i = 0; i < items.size(); ++i) {
    packed[i].first = row;
    const size_t begin = at[i] - std::min(at[i], ffn_.reach());
    const size_t end = std::min(items[i].count, at[i] + ffn_.reach() + 1);
    kernels::depthwise(x + items[i].first * c, items[i].count, 1, mixer_, begin, end,
                       kernels::Activation::kNone, mixed + (row + begin) * c);
    row += items[i].count;
  }
  ffn_.forward_at(context, mixed, packed, at, out);
}

}  // namespace mobileclip
