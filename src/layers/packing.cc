#include "layers/packing.h"

#include <vector>

#include "base/error.h"
#include "checkpoint/checkpoint.h"
#include "reparam/values.h"

namespace mobileclip {

kernels::PackedMatrix pack_dense(const FoldedConv& conv) {
  const ConvShape& s = conv.shape;
  const size_t taps = s.kh * s.kw;
  const size_t columns = taps * s.in;
  std::vector<double> weight(conv.weight.size());
  for (size_t o = 0; o < s.out; ++o) {
    for (size_t i = 0; i < s.in; ++i) {
      for (size_t t = 0; t < taps; ++t) {
        weight[o * columns + t * s.in + i] = conv.weight[(o * s.in + i) * taps + t];
      }
    }
  }
  return kernels::PackedMatrix::pack(weight.data(), conv.bias.data(), s.out, columns);
}

kernels::PackedDepthwise pack_depthwise(const FoldedConv& conv, size_t channels, size_t stride) {
  if (conv.shape.in != 1 || channels == 0 || conv.shape.out % channels != 0) {
    fail(ErrorCode::kInternal, "a convolution {}x{} of {} channels is not depthwise",
         conv.shape.out, conv.shape.in, channels);
  }
  return kernels::PackedDepthwise::pack(conv.weight.data(), conv.bias.data(), channels,
                                        conv.shape.out / channels, conv.shape.kh, conv.shape.kw,
                                        stride);
}

LinearWeights LinearWeights::read(const Scope& scope, size_t out, size_t in, bool bias,
                                  bool as_conv) {
  LinearWeights weights;
  weights.has_bias = bias;
  weights.weight = scope.weight("weight", as_conv ? Shape{out, in, 1, 1} : Shape{out, in});
  if (bias) weights.bias = scope.weight("bias", {out});
  return weights;
}

kernels::PackedMatrix pack_linear(const LinearWeights& weights) {
  const size_t n = weights.weight.shape[0];
  const size_t k = weights.weight.shape[1];
  AlignedBuffer bias;
  if (weights.has_bias) bias = load_floats(weights.bias);
  if (const float* mapped = finite_mapped_floats(weights.weight)) {
    return kernels::PackedMatrix::pack(mapped, bias.data(), n, k);
  }
  const AlignedBuffer weight = load_floats(weights.weight);
  return kernels::PackedMatrix::pack(weight.data(), bias.data(), n, k);
}

kernels::PackedMatrix pack_linear_scaled(const LinearWeights& weights, const Weight& scale) {
  FoldedConv conv;
  conv.shape = {weights.weight.shape[0], weights.weight.shape[1], 1, 1};
  conv.weight = load_values(weights.weight);
  conv.bias = load_values(weights.bias);
  scale_outputs(conv, load_values(scale));
  return pack_dense(conv);
}

kernels::PackedMatrix pack_linear_after(const Affine& norm, const LinearWeights& weights) {
  const size_t n = weights.weight.shape[0];
  const size_t k = weights.weight.shape[1];
  std::vector<double> weight = load_values(weights.weight);
  std::vector<double> bias(n, 0.0);
  if (weights.has_bias) bias = load_values(weights.bias);
  for (size_t o = 0; o < n; ++o) {
    for (size_t i = 0; i < k; ++i) {
      bias[o] += weight[o * k + i] * norm.shift[i];
      weight[o * k + i] *= norm.scale[i];
    }
  }
  return kernels::PackedMatrix::pack(weight.data(), bias.data(), n, k);
}

kernels::PackedMatrix pack_projection(const Weight& weight) {
  const size_t in = weight.shape[0];
  const size_t out = weight.shape[1];
  const std::vector<double> stored = load_values(weight);
  std::vector<double> transposed(stored.size());
  for (size_t i = 0; i < in; ++i) {
    for (size_t o = 0; o < out; ++o) transposed[o * in + i] = stored[i * out + o];
  }
  return kernels::PackedMatrix::pack(transposed.data(), nullptr, out, in);
}

AlignedBuffer load_floats(const Weight& weight) {
  const std::vector<double> values = load_values(weight);
  AlignedBuffer out(values.size());
  for (size_t i = 0; i < values.size(); ++i) out[i] = static_cast<float>(values[i]);
  return out;
}

}  // namespace mobileclip
