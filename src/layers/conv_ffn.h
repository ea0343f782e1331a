/// ConvFFN: depthwise convolution, then two 1×1 layers with a GELU between.
#ifndef MOBILECLIP_LAYERS_CONV_FFN_H_
#define MOBILECLIP_LAYERS_CONV_FFN_H_

#include <string>

#include "layers/packing.h"
#include "layers/row_span.h"
#include "layers/run_context.h"

namespace mobileclip {

/// `conv.conv`, `conv.bn`, `fc1`, `fc2` (FastViT, arXiv 2303.14189, section 3.3).
struct ConvFfnWeights {
  std::string path;
  ConvBnWeights conv;
  LinearWeights fc1, fc2;
  static ConvFfnWeights read(const Scope& scope, size_t channels, size_t hidden, size_t kh,
                             size_t kw);
};

/// x + layer_scale · fc2(GELU(fc1(conv(x)))), the layer scale folded into fc2.
class ConvFfn {
 public:
  ConvFfn(const ConvFfnWeights& weights, const Weight& layer_scale, Foundry& foundry);
  /// From features.data to features.spare, then swaps. The hidden tensor lives only in bands that
  /// stay in a core's cache.
  void forward(const RunContext& context, Features& features) const;
  /// Of columns of rows (items of height = count, width 1), row items[i].first + at[i] of each
  /// alone → out, packed; x is read at most reach() rows to either side. Uses kNorm and kHidden.
  void forward_at(const RunContext& context, const float* x, std::span<const RowSpan> items,
                  std::span<const size_t> at, float* out) const;
  /// Rows to either side that a row depends on.
  size_t reach() const { return conv_.kh() / 2; }

 private:
  kernels::PackedDepthwise conv_;
  kernels::PackedMatrix fc1_, fc2_;
};

}  // namespace mobileclip

#endif  // MOBILECLIP_LAYERS_CONV_FFN_H_
