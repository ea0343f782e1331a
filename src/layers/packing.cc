#include "layers/packing.h"

#include <utility>
#include <vector>

#include "base/error.h"
#include "checkpoint/checkpoint.h"
#include "reparam/values.h"

namespace mobileclip {
namespace {

kernels::PackedMatrix pack_folded(const FoldedConv& conv, size_t width) {
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
  return kernels::PackedMatrix::pack(weight.data(), conv.bias.data(), s.out, columns, width);
}

}  // namespace

kernels::PackedMatrix pack_dense(Foundry& foundry, const std::string& path, const ConvShape& shape,
                                 const FoldConv& fold) {
  return foundry.matrix(path, shape.out, shape.in * shape.kh * shape.kw,
                        [&](size_t width) { return pack_folded(fold(), width); });
}

kernels::PackedDepthwise pack_depthwise(Foundry& foundry, const std::string& path, ConvShape shape,
                                        size_t channels, size_t stride, const FoldConv& fold) {
  if (shape.in != 1 || channels == 0 || shape.out % channels != 0) {
    fail(ErrorCode::kInternal, "a convolution {}x{} of {} channels is not depthwise", shape.out,
         shape.in, channels);
  }
  if (shape.kh == 1) std::swap(shape.kh, shape.kw);
  const size_t multiplier = shape.out / channels;
  return foundry.depthwise(path, {channels, multiplier, shape.kh, shape.kw, stride}, [&] {
    const FoldedConv conv = fold();
    return kernels::PackedDepthwise::pack(conv.weight.data(), conv.bias.data(), channels,
                                          multiplier, shape.kh, shape.kw, stride);
  });
}

LinearWeights LinearWeights::read(const Scope& scope, size_t out, size_t in, bool bias,
                                  bool as_conv) {
  LinearWeights weights;
  weights.path = scope.path();
  weights.has_bias = bias;
  weights.weight = scope.weight("weight", as_conv ? Shape{out, in, 1, 1} : Shape{out, in});
  if (bias) weights.bias = scope.weight("bias", {out});
  return weights;
}

kernels::PackedMatrix pack_linear(Foundry& foundry, const LinearWeights& weights) {
  const size_t n = weights.weight.shape[0];
  const size_t k = weights.weight.shape[1];
  return foundry.matrix(weights.path, n, k, [&](size_t width) {
    std::vector<float> bias(n, 0.0f);
    if (weights.has_bias) {
      require_sound(weights.bias);
      read_elements(*weights.bias.entry, bias.data());
    }
    if (const float* mapped = finite_mapped_floats(weights.weight)) {
      return kernels::PackedMatrix::pack(mapped, bias.data(), n, k, width);
    }
    std::vector<float> weight(n * k);
    read_elements(*weights.weight.entry, weight.data());
    return kernels::PackedMatrix::pack(weight.data(), bias.data(), n, k, width);
  });
}

kernels::PackedMatrix pack_linear_scaled(Foundry& foundry, const LinearWeights& weights,
                                         const Weight& scale) {
  const ConvShape shape{weights.weight.shape[0], weights.weight.shape[1], 1, 1};
  return pack_dense(foundry, weights.path, shape, [&] {
    FoldedConv conv{shape, load_values(weights.weight), load_values(weights.bias)};
    scale_outputs(conv, load_values(scale));
    return conv;
  });
}

kernels::PackedMatrix pack_linear_after(Foundry& foundry, const BatchNormWeights& norm,
                                        const LinearWeights& weights) {
  const size_t n = weights.weight.shape[0];
  const size_t k = weights.weight.shape[1];
  return foundry.matrix(weights.path, n, k, [&](size_t width) {
    const Affine affine = fold(norm);
    std::vector<double> weight = load_values(weights.weight);
    std::vector<double> bias(n, 0.0);
    if (weights.has_bias) bias = load_values(weights.bias);
    for (size_t o = 0; o < n; ++o) {
      for (size_t i = 0; i < k; ++i) {
        bias[o] += weight[o * k + i] * affine.shift[i];
        weight[o * k + i] *= affine.scale[i];
      }
    }
    return kernels::PackedMatrix::pack(weight.data(), bias.data(), n, k, width);
  });
}

kernels::PackedMatrix pack_projection(Foundry& foundry, const Weight& weight, const Weight* bias) {
  const size_t in = weight.shape[0];
  const size_t out = weight.shape[1];
  return foundry.matrix(weight.name, out, in, [&](size_t width) {
    const std::vector<double> stored = load_values(weight);
    std::vector<double> transposed(stored.size());
    for (size_t i = 0; i < in; ++i) {
      for (size_t o = 0; o < out; ++o) transposed[o * in + i] = stored[i * out + o];
    }
    std::vector<double> shift(out, 0.0);
    if (bias != nullptr) shift = load_values(*bias);
    return kernels::PackedMatrix::pack(transposed.data(), shift.data(), out, in, width);
  });
}

}  // namespace mobileclip
