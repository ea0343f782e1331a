/// SigLIP's pooling: one learned query attends to all tokens, then an MLP.
#ifndef MOBILECLIP_LAYERS_ATTENTION_POOL_H_
#define MOBILECLIP_LAYERS_ATTENTION_POOL_H_

#include "layers/layer_norm.h"
#include "layers/packing.h"
#include "layers/run_context.h"

namespace mobileclip {

/// `latent` (1, 1, D), `q`, `kv`, `proj`, `norm`, `mlp.fc1`, `mlp.fc2` (SigLIP, arXiv 2303.15343;
/// the head of arXiv 2106.04560).
struct AttentionPoolWeights {
  Weight latent;
  LinearWeights q, kv, proj, fc1, fc2;
  LayerNormWeights norm;
  static AttentionPoolWeights read(const Scope& scope, size_t width, size_t ffn, float eps);
};

/// y = proj(attention(q(latent), kv(x))); y + fc2(GELU(fc1(norm(y)))). Uses kQkv, kAttention,
/// kNorm, kHidden.
class AttentionPool {
 public:
  AttentionPool(const AttentionPoolWeights& weights, size_t heads, Foundry& foundry);
  /// n items of T × width → n × width. `out` and `x` must not overlap.
  void forward(const RunContext& context, const float* x, size_t n, size_t tokens,
               float* out) const;

 private:
  FloatStore latent_;
  kernels::PackedMatrix q_, kv_, proj_, fc1_, fc2_;
  LayerNorm norm_;
  size_t head_dim_;
};

}  // namespace mobileclip

#endif  // MOBILECLIP_LAYERS_ATTENTION_POOL_H_
