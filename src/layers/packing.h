/// Folded layers in the kernels' packed forms.
#ifndef MOBILECLIP_LAYERS_PACKING_H_
#define MOBILECLIP_LAYERS_PACKING_H_

#include <functional>
#include <string>

#include "checkpoint/scope.h"
#include "layers/foundry.h"
#include "reparam/conv.h"

namespace mobileclip {

/// Called only where the foundry folds.
using FoldConv = std::function<FoldedConv()>;

/// A dense convolution as a matrix over im2col's (ky, kx, channel) columns; 1×1 is the plain case.
kernels::PackedMatrix pack_dense(Foundry& foundry, const std::string& path, const ConvShape& shape,
                                 const FoldConv& fold);

/// A depthwise convolution (shape.in == 1) of `channels` inputs; shape.out is a multiple of them. A
/// text encoder's 1×k kernel runs over positions, which are rows: it is packed as k×1.
kernels::PackedDepthwise pack_depthwise(Foundry& foundry, const std::string& path, ConvShape shape,
                                        size_t channels, size_t stride, const FoldConv& fold);

/// A linear layer as stored: weight (out, in) or (out, in, 1, 1), bias (out).
struct LinearWeights {
  std::string path;
  Weight weight, bias;
  bool has_bias = true;
  static LinearWeights read(const Scope& scope, size_t out, size_t in, bool bias = true,
                            bool as_conv = false);
};

kernels::PackedMatrix pack_linear(Foundry& foundry, const LinearWeights& weights);
/// With each output multiplied by scale[out], e.g. a layer scale.
kernels::PackedMatrix pack_linear_scaled(Foundry& foundry, const LinearWeights& weights,
                                         const Weight& scale);
/// Of inputs that first go through `norm`: W·diag(scale), bias + W·shift.
kernels::PackedMatrix pack_linear_after(Foundry& foundry, const BatchNormWeights& norm,
                                        const LinearWeights& weights);
/// A projection stored as (in, out), with a bias of its own name or none (null).
kernels::PackedMatrix pack_projection(Foundry& foundry, const Weight& weight,
                                      const Weight* bias = nullptr);

}  // namespace mobileclip

#endif  // MOBILECLIP_LAYERS_PACKING_H_
