/// Dense strided convolution, for the stems: bands of im2col + gemm.
#ifndef MOBILECLIP_LAYERS_DENSE_CONV_H_
#define MOBILECLIP_LAYERS_DENSE_CONV_H_

#include "kernels/im2col.h"
#include "layers/packing.h"
#include "layers/run_context.h"

namespace mobileclip {

/// A dense convolution with bias, optional GELU.
class DenseConv {
 public:
  DenseConv() = default;
  DenseConv(Foundry& foundry, const std::string& path, const ConvShape& shape, size_t stride,
            size_t padding, kernels::Activation activation, const FoldConv& fold);
  size_t out_channels() const { return weights_.n(); }
  size_t out_extent(size_t extent) const { return (extent + 2 * padding_ - kernel_) / stride_ + 1; }
  /// n × H × W × in → n × H_out × W_out × out; `in` and `out` must not overlap.
  void forward(const RunContext& context, const float* in, size_t n, size_t height, size_t width,
               float* out) const;

 private:
  kernels::PackedMatrix weights_;
  size_t in_ = 0, kernel_ = 1, stride_ = 1, padding_ = 0;
  kernels::Activation activation_ = kernels::Activation::kNone;
};

}  // namespace mobileclip

#endif  // MOBILECLIP_LAYERS_DENSE_CONV_H_
