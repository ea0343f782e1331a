/// Depthwise convolution of channel planes (N × C × H × W) and its gradients, for training.
#ifndef MOBILECLIP_KERNELS_DEPTHWISE_TRAIN_H_
#define MOBILECLIP_KERNELS_DEPTHWISE_TRAIN_H_

#include <cstddef>

namespace mobileclip::kernels {

/// Output channel o reads input channel o / multiplier through its own kernel_h × kernel_w taps.
struct PlaneConv {
  size_t channels = 0;  ///< of the input
  size_t multiplier = 1;
  size_t height = 0, width = 0;
  size_t kernel_h = 1, kernel_w = 1;
  size_t stride = 1;
  size_t pad_h = 0, pad_w = 0;  ///< zeros on each side
  size_t out_height() const { return (height + 2 * pad_h - kernel_h) / stride + 1; }
  size_t out_width() const { return (width + 2 * pad_w - kernel_w) / stride + 1; }
  size_t out_channels() const { return channels * multiplier; }
  size_t in_size() const { return channels * height * width; }
  size_t out_size() const { return out_channels() * out_height() * out_width(); }
};

/// Channels that one call works on: the calls [first, first + kPlaneBlock) of every multiple up to
/// `channels` together do the whole, on any threads.
constexpr size_t kPlaneBlock = 16;

/// y = conv(x, w) of `n` images for input channels [first, first + kPlaneBlock). x: n × in_size(),
/// w: out_channels() × taps, y: n × out_size().
void plane_conv(const PlaneConv& shape, const float* x, const float* w, size_t n, size_t first,
                float* y);
/// dx = gradient of the input.
void plane_conv_input_gradient(const PlaneConv& shape, const float* dy, const float* w, size_t n,
                               size_t first, float* dx);
/// dw (out_channels() × taps) += gradient of the weights; images are summed in order.
void plane_conv_weight_gradient(const PlaneConv& shape, const float* x, const float* dy, size_t n,
                                size_t first, float* dw);

}  // namespace mobileclip::kernels

#endif  // MOBILECLIP_KERNELS_DEPTHWISE_TRAIN_H_
