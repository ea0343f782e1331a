#include "reparam/conv.h"

#include "base/error.h"
#include "reparam/values.h"

namespace mobileclip {
namespace {

/// Index of the centre tap of the weight from output o's own input channel.
size_t centre_of_own_channel(const ConvShape& shape, size_t o) {
  const size_t own = o % shape.in;
  const size_t taps = shape.kh * shape.kw;
  return (o * shape.in + own) * taps + (shape.kh / 2) * shape.kw + shape.kw / 2;
}

}  // namespace

ConvBnWeights ConvBnWeights::read(const Scope& scope, const ConvShape& shape,
                                  std::string_view norm_name) {
  ConvBnWeights out;
  out.shape = shape;
  out.conv = (scope / "conv").weight("weight", {shape.out, shape.in, shape.kh, shape.kw});
  out.bn = BatchNormWeights::read(scope / norm_name, shape.out);
  return out;
}

FoldedConv fold(const ConvBnWeights& branch) {
  FoldedConv out{branch.shape, load_values(branch.conv), {}};
  Affine norm = fold(branch.bn);
  out.bias.assign(branch.shape.out, 0.0);
  scale_outputs(out, norm.scale);
  out.bias = std::move(norm.shift);
  return out;
}

FoldedConv identity_conv(const ConvShape& shape, const Affine& norm) {
  FoldedConv out{shape, std::vector<double>(shape.size(), 0.0), norm.shift};
  for (size_t o = 0; o < shape.out; ++o) {
    out.weight[centre_of_own_channel(shape, o)] = norm.scale[o];
  }
  return out;
}

void add_centred(FoldedConv& into, const FoldedConv& small) {
  const ConvShape& big = into.shape;
  const ConvShape& part = small.shape;
  if (big.out != part.out || big.in != part.in || part.kh > big.kh || part.kw > big.kw ||
      (big.kh - part.kh) % 2 != 0 || (big.kw - part.kw) % 2 != 0) {
    fail(ErrorCode::kInternal, "a {}x{} kernel cannot be centred in a {}x{} one", part.kh, part.kw,
         big.kh, big.kw);
  }
  const size_t dy = (big.kh - part.kh) / 2;
  const size_t dx = (big.kw - part.kw) / 2;
  for (size_t plane = 0; plane < big.out * big.in; ++plane) {
    for (size_t y = 0; y < part.kh; ++y) {
      for (size_t x = 0; x < part.kw; ++x) {
        into.weight[(plane * big.kh + y + dy) * big.kw + x + dx] +=
            small.weight[(plane * part.kh + y) * part.kw + x];
      }
    }
  }
  for (size_t o = 0; o < big.out; ++o) into.bias[o] += small.bias[o];
}

void scale_outputs(FoldedConv& conv, const std::vector<double>& scale) {
  const size_t per_output = conv.shape.in * conv.shape.kh * conv.shape.kw;
  for (size_t o = 0; o < conv.shape.out; ++o) {
    for (size_t i = 0; i < per_output; ++i) conv.weight[o * per_output + i] *= scale[o];
    conv.bias[o] *= scale[o];
  }
}

void add_identity(FoldedConv& conv) {
  for (size_t o = 0; o < conv.shape.out; ++o) {
    conv.weight[centre_of_own_channel(conv.shape, o)] += 1.0;
  }
}

}  // namespace mobileclip
