#include "reparam/rep_mixer.h"

#include "reparam/values.h"

namespace mobileclip {

RepMixerWeights RepMixerWeights::read(const Scope& scope, size_t channels, size_t kh, size_t kw) {
  const ConvShape shape{channels, 1, kh, kw};
  const bool scale = kh > 1 && kw > 1;
  RepMixerWeights out;
  out.path = scope.path();
  out.layer_scale = scope.weight("layer_scale", {channels, 1, 1});
  out.norm =
      MobileOneWeights::read(scope / "norm", shape, {.conv = false, .scale = false, .skip = true});
  out.mixer =
      MobileOneWeights::read(scope / "mixer", shape, {.conv = true, .scale = scale, .skip = true});
  return out;
}

FoldedConv fold(const RepMixerWeights& weights) {
  FoldedConv out = fold(weights.mixer);
  const FoldedConv norm = fold(weights.norm);
  for (size_t i = 0; i < out.weight.size(); ++i) out.weight[i] -= norm.weight[i];
  for (size_t o = 0; o < out.bias.size(); ++o) out.bias[o] -= norm.bias[o];
  scale_outputs(out, load_values(weights.layer_scale));
  add_identity(out);
  return out;
}

}  // namespace mobileclip
