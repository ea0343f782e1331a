/// Folded convolutions in the kernels' packed forms.
#ifndef MOBILECLIP_LAYERS_PACKING_H_
#define MOBILECLIP_LAYERS_PACKING_H_

#include <string>

#include "base/aligned_buffer.h"
#include "checkpoint/scope.h"
#include "kernels/depthwise.h"
#include "kernels/gemm.h"
#include "reparam/conv.h"

namespace mobileclip {

/// A dense convolution as a matrix over im2col's (ky, kx, channel) columns; 1×1 is the plain case.
kernels::PackedMatrix pack_dense(const FoldedConv& conv);

/// A depthwise convolution (shape.in == 1) of `channels` inputs; shape.out is a multiple of them.
kernels::PackedDepthwise pack_depthwise(const FoldedConv& conv, size_t channels, size_t stride);

/// A linear layer as stored: weight (out, in) or (out, in, 1, 1), bias (out).
struct LinearWeights {
  Weight weight, bias;
  bool has_bias = true;
  static LinearWeights read(const Scope& scope, size_t out, size_t in, bool bias = true,
                            bool as_conv = false);
};

kernels::PackedMatrix pack_linear(const LinearWeights& weights);
/// With each output multiplied by scale[out], e.g. a layer scale.
kernels::PackedMatrix pack_linear_scaled(const LinearWeights& weights, const Weight& scale);
/// Of inputs that first go through `norm`: W·diag(scale), bias + W·shift.
kernels::PackedMatrix pack_linear_after(const Affine& norm, const LinearWeights& weights);
/// A projection stored as (in, out), without bias.
kernels::PackedMatrix pack_projection(const Weight& weight);

/// The values as floats, rounded once.
AlignedBuffer load_floats(const Weight& weight);

}  // namespace mobileclip

#endif  // MOBILECLIP_LAYERS_PACKING_H_
