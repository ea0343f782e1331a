/// RepMixerBlock: RepMixer, then ConvFFN.
#ifndef MOBILECLIP_LAYERS_REPMIXER_H_
#define MOBILECLIP_LAYERS_REPMIXER_H_

#include "layers/conv_ffn.h"
#include "reparam/rep_mixer.h"

namespace mobileclip {

/// `token_mixer`, `convffn`, `layer_scale`. Images: mixer 3×3, ffn 7×7; text: both 1×11.
struct RepMixerBlockWeights {
  RepMixerWeights mixer;
  ConvFfnWeights ffn;
  Weight layer_scale;
  static RepMixerBlockWeights read_image(const Scope& scope, size_t channels, size_t hidden);
  static RepMixerBlockWeights read_text(const Scope& scope, size_t channels, size_t hidden);
};

/// x = RepMixer(x); x = x + layer_scale · ConvFFN(x). A text is height = positions, width = 1.
class RepMixerBlock {
 public:
  RepMixerBlock(const RepMixerBlockWeights& weights, Foundry& foundry);
  void forward(const RunContext& context, Features& features) const;
  /// Of texts, row items[i].first + at[i] of each alone → out, packed; x is read at most reach()
  /// rows to either side of it. Uses kRows, kNorm and kHidden. Bits as of forward.
  void forward_at(const RunContext& context, const float* x, std::span<const RowSpan> items,
                  std::span<const size_t> at, float* out) const;
  /// Rows to either side that a row depends on.
  size_t reach() const { return mixer_.kh() / 2 + ffn_.reach(); }

 private:
  kernels::PackedDepthwise mixer_;
  ConvFfn ffn_;
};

}  // namespace mobileclip

#endif  // MOBILECLIP_LAYERS_REPMIXER_H_
