/// Self-attention of short sequences and its gradient, for training.
#ifndef MOBILECLIP_KERNELS_ATTENTION_TRAIN_H_
#define MOBILECLIP_KERNELS_ATTENTION_TRAIN_H_

#include <cstddef>

namespace mobileclip::kernels {

/// One head of one item. Rows of q, k, v are `stride` floats apart, rows of the output
/// `out_stride`.
struct AttentionHead {
  size_t tokens = 0, head_dim = 0, stride = 0, out_stride = 0;
  bool causal = false;
};

/// out = softmax(q kᵀ / sqrt(head_dim)) v; keeps the tokens × tokens probabilities.
void attention_forward(const AttentionHead& head, const float* q, const float* k, const float* v,
                       float* probabilities, float* out);
/// Overwrites dq, dk, dv (rows `stride` apart) with the gradients for d_out.
void attention_backward(const AttentionHead& head, const float* q, const float* k, const float* v,
                        const float* probabilities, const float* d_out, float* dq, float* dk,
                        float* dv);

}  // namespace mobileclip::kernels

#endif  // MOBILECLIP_KERNELS_ATTENTION_TRAIN_H_
