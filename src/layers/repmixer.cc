#include "layers/repmixer.h"

#include <fmt/core.h>

#include <utility>

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

}  // namespace mobileclip
