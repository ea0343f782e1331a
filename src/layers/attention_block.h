/// AttentionBlock of the last MCi stage: self-attention over positions, then ConvFFN.
#ifndef MOBILECLIP_LAYERS_ATTENTION_BLOCK_H_
#define MOBILECLIP_LAYERS_ATTENTION_BLOCK_H_

#include <string>

#include "layers/conv_ffn.h"
#include "reparam/batch_norm.h"

namespace mobileclip {

/// `norm` (BN), `token_mixer.qkv` without bias, `token_mixer.proj`, `layer_scale_1`, `convffn`,
/// `layer_scale_2`.
struct AttentionBlockWeights {
  std::string path;
  BatchNormWeights norm;
  LinearWeights qkv, proj;
  Weight layer_scale_1, layer_scale_2;
  ConvFfnWeights ffn;
  static AttentionBlockWeights read(const Scope& scope, size_t channels, size_t hidden);
};

/// x = x + ls1 · proj(MHSA(BN(x))), head dim 32; x = x + ls2 · ConvFFN(x). Uses kQkv and
/// kAttention.
class AttentionBlock {
 public:
  AttentionBlock(const AttentionBlockWeights& weights, Foundry& foundry);
  void forward(const RunContext& context, Features& features) const;

 private:
  kernels::PackedMatrix qkv_, proj_;
  ConvFfn ffn_;
};

}  // namespace mobileclip

#endif  // MOBILECLIP_LAYERS_ATTENTION_BLOCK_H_
