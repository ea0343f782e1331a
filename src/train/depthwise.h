/// Depthwise convolution through this project's kernels, as a differentiable function.
#ifndef MOBILECLIP_TRAIN_DEPTHWISE_H_
#define MOBILECLIP_TRAIN_DEPTHWISE_H_

#include <torch/torch.h>

namespace mobileclip::train {

/// conv2d of x (N × C × H × W) with weight (C · m × 1 × kh × kw), groups = C, zeros around.
/// float32; other types go through torch::conv2d. Equal bits for any number of threads.
torch::Tensor depthwise_conv(const torch::Tensor& x, const torch::Tensor& weight, int64_t stride,
                             int64_t pad_h, int64_t pad_w);

}  // namespace mobileclip::train

#endif  // MOBILECLIP_TRAIN_DEPTHWISE_H_
