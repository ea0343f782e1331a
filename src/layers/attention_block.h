/// AttentionBlock of the last MCi stage: self-attention over positions, then ConvFFN.
#ifndef MOBILECLIP_LAYERS_ATTENTION_BLOCK_H_
#define MOBILECLIP_LAYERS_ATTENTION_BLOCK_H_

#include <optional>
#include <string>

#include "layers/conv_ffn.h"
#include "layers/layer_norm.h"
#include "reparam/batch_norm.h"

namespace mobileclip {

/// `norm` (BN, or layer norm over the channels), `token_mixer.qkv` without bias,
/// `token_mixer.proj`, `layer_scale_1`, `convffn`, `layer_scale_2`.
struct AttentionBlockWeights {
  std::string path;
  std::optional<BatchNormWeights> norm;
  std::optional<LayerNormWeights> layer_norm;  ///< instead of `norm`
  LinearWeights qkv, proj;
  Weight layer_scale_1, layer_scale_2;
  ConvFfnWeights ffn;
  static AttentionBlockWeights read(const Scope& scope, size_t channels, size_t hidden,
                                    bool layer_norm = false);
};

/// x = x + ls1 · proj(MHSA(norm(x))), head dim 32; x = x + ls2 · ConvFFN(x). Uses kQkv,
/// kAttention and, with a layer norm, kNorm.
class AttentionBlock {
 public:
  AttentionBlock(const AttentionBlockWeights& weights, Foundry& foundry);
  void forward(const RunContext& context, Features& features) const;

 private:
  std::optional<LayerNorm> layer_norm_;
  kernels::PackedMatrix qkv_, proj_;
  ConvFfn ffn_;
};

}  // namespace mobileclip

#endif  // MOBILECLIP_LAYERS_ATTENTION_BLOCK_H_
