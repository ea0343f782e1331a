/// Self-attention and linear layers as differentiable functions that stay off torch's slow paths.
#ifndef MOBILECLIP_TRAIN_ATTENTION_H_
#define MOBILECLIP_TRAIN_ATTENTION_H_

#include <torch/torch.h>

namespace mobileclip::train {

/// softmax(q kᵀ / sqrt(head dim)) v for a packed B × T × 3D projection (all q heads, all k, all v)
/// → B × T × D. float32 through our kernels, other types through attend_reference(). Equal bits for
/// any number of threads.
torch::Tensor attend(const torch::Tensor& qkv, int64_t heads, bool causal);
/// The same from torch's own operations: the plain twin.
torch::Tensor attend_reference(const torch::Tensor& qkv, int64_t heads, bool causal);

/// x (… × K) · weightᵀ + bias as one product of matrices; bias may be undefined.
torch::Tensor linear_rows(const torch::Tensor& x, const torch::Tensor& weight,
                          const torch::Tensor& bias);

}  // namespace mobileclip::train

#endif  // MOBILECLIP_TRAIN_ATTENTION_H_
