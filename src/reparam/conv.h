/// Convolutions as plain algebra in double: folding batch norms and adding branches.
#ifndef MOBILECLIP_REPARAM_CONV_H_
#define MOBILECLIP_REPARAM_CONV_H_

#include <cstddef>
#include <vector>

#include "checkpoint/scope.h"
#include "reparam/batch_norm.h"

namespace mobileclip {

/// Extents of a convolution's weight: (out, in per group, kernel height, kernel width).
struct ConvShape {
  size_t out = 0;
  size_t in = 1;
  size_t kh = 1;
  size_t kw = 1;
  size_t size() const { return out * in * kh * kw; }
};

/// One convolution with bias; weight row-major as ConvShape says.
struct FoldedConv {
  ConvShape shape;
  std::vector<double> weight;
  std::vector<double> bias;
};

/// A convolution without bias and its batch norm: `conv.weight`, `bn.*`.
struct ConvBnWeights {
  ConvShape shape;
  Weight conv;
  BatchNormWeights bn;
  static ConvBnWeights read(const Scope& scope, const ConvShape& shape,
                            std::string_view norm_name = "bn");
};

/// weight · γ/σ and β − μ·γ/σ (MobileOne, arXiv 2206.04040, section 3.2).
FoldedConv fold(const ConvBnWeights& branch);

/// A batch norm of the input itself as a convolution: 1 at the centre of each channel's own kernel.
/// `shape.in` is the number of channels per group.
FoldedConv identity_conv(const ConvShape& shape, const Affine& norm);

/// into += small, whose kernel lies in the centre of into's; equal out and in.
void add_centred(FoldedConv& into, const FoldedConv& small);

/// Multiplies everything that makes output channel o by scale[o].
void scale_outputs(FoldedConv& conv, const std::vector<double>& scale);

/// Adds 1 to the centre tap of each channel's own kernel: a residual connection.
void add_identity(FoldedConv& conv);

}  // namespace mobileclip

#endif  // MOBILECLIP_REPARAM_CONV_H_
