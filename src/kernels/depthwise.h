/// Depthwise convolution on channels-last activations.
#ifndef MOBILECLIP_KERNELS_DEPTHWISE_H_
#define MOBILECLIP_KERNELS_DEPTHWISE_H_

#include <cstddef>

#include "base/float_store.h"
#include "kernels/gemm.h"

namespace mobileclip::kernels {

/// Weights of a depthwise convolution with zero padding (k−1)/2 and `multiplier` 1 or 2 output
/// channels per input channel: output channel o reads input channel o / multiplier.
class PackedDepthwise {
 public:
  PackedDepthwise() = default;
  /// kh ≤ 15 and kw ≤ 7, both odd; stride and multiplier 1 or 2.
  /// `weight` is (C·multiplier) × kh × kw row-major (torch's layout), `bias` C·multiplier values.
  static PackedDepthwise pack(const double* weight, const double* bias, size_t channels,
                              size_t multiplier, size_t kh, size_t kw, size_t stride);
  /// Of weights packed before: kh × kw × multiplier × C, and bias multiplier × C.
  static PackedDepthwise from_stored(FloatStore weights, FloatStore bias, size_t channels,
                                     size_t multiplier, size_t kh, size_t kw, size_t stride);

  size_t channels() const { return channels_; }  ///< of the input
  size_t multiplier() const { return multiplier_; }
  size_t out_channels() const { return channels_ * multiplier_; }
  size_t kh() const { return kh_; }
  size_t kw() const { return kw_; }
  size_t stride() const { return stride_; }  ///< in both directions
  size_t out_height(size_t height) const { return (height - 1) / stride_ + 1; }
  size_t out_width(size_t width) const { return (width - 1) / stride_ + 1; }
  const float* weights() const { return weights_.data(); }
  const float* bias() const { return bias_.data(); }
  const float* zeros() const { return zeros_.data(); }  ///< channels() of them: the padding

 private:
  size_t channels_ = 0, multiplier_ = 1, kh_ = 0, kw_ = 0, stride_ = 1;
  FloatStore weights_;
  FloatStore bias_;
  FloatStore zeros_;
};

/// Output rows [row_begin, row_end) of one image: `in` is H × W × C, `out` points at row
/// `row_begin` of (H_out × W_out × C·multiplier). In fixed tap order, so bits do not depend on the
/// row range. Activation as for gemm. Single thread. `in` and `out` must not overlap.
void depthwise(const float* in, size_t height, size_t width, const PackedDepthwise& w,
               size_t row_begin, size_t row_end, Activation activation, float* out);

}  // namespace mobileclip::kernels

#endif  // MOBILECLIP_KERNELS_DEPTHWISE_H_
