/// Pre-norm transformer layer, of the text encoders and of the ViT.
#ifndef MOBILECLIP_LAYERS_TRANSFORMER_LAYER_H_
#define MOBILECLIP_LAYERS_TRANSFORMER_LAYER_H_

#include "layers/layer_norm.h"
#include "layers/packing.h"
#include "layers/row_span.h"
#include "layers/run_context.h"

namespace mobileclip {

/// `pre_norm_mha.0` LN, `.1.qkv_proj`, `.1.out_proj`; `pre_norm_ffn.0` LN, `.1` and `.4` linear.
struct TransformerLayerWeights {
  LayerNormWeights norm_attention, norm_ffn;
  LinearWeights qkv, out, fc1, fc2;
  bool quick_gelu = false;  ///< instead of GELU
  static TransformerLayerWeights read(const Scope& scope, size_t width, size_t ffn,
                                      float eps = 1e-5f, bool quick_gelu = false);
};

/// x = x + out(attention(LN(x))); x = x + fc2(GELU(fc1(LN(x)))). Uses kNorm, kQkv, kAttention,
/// kHidden.
class TransformerLayer {
 public:
  TransformerLayer(const TransformerLayerWeights& weights, size_t heads, bool causal,
                   Foundry& foundry);
  /// In place on n items of T × width.
  void forward(const RunContext& context, float* x, size_t n, size_t tokens) const;
  /// In place on items of any length, packed rows of `width`.
  void forward(const RunContext& context, float* x, std::span<const RowSpan> items) const;
  /// Some rows of the result alone, for a last layer: windows[i] counts from the first row of
  /// items[i]. They go to `out`, packed in order; x is only read. Bits as of forward.
  void forward_windows(const RunContext& context, const float* x, std::span<const RowSpan> items,
                       std::span<const RowSpan> windows, float* out) const;

 private:
  /// x = x + fc2(GELU(fc1(LN(x)))).
  void feed_forward(const RunContext& context, float* x, size_t rows) const;

  LayerNorm norm_attention_, norm_ffn_;
  kernels::PackedMatrix qkv_, out_, fc1_, fc2_;
  size_t head_dim_ = 0;
  bool causal_ = false;
  bool quick_gelu_ = false;
};

}  // namespace mobileclip

#endif  // MOBILECLIP_LAYERS_TRANSFORMER_LAYER_H_
