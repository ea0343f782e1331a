/// softmax(Q·Kᵀ)·V for one head of one item.
#ifndef MOBILECLIP_KERNELS_ATTENTION_H_
#define MOBILECLIP_KERNELS_ATTENTION_H_

#include <cstddef>

namespace mobileclip::kernels {

/// Floats of scratch that attention_head needs for `tokens` and `head_dim`.
size_t attention_scratch(size_t tokens, size_t head_dim);

/// One head: q, k, v point at its first column; each is T × head_dim with row stride `stride` (they
/// usually lie interleaved in one T × 3D buffer). scores = (scale·q)·kᵀ, softmax in float32 over
/// all T keys, or over keys ≤ the query's position if `causal`; out is T × head_dim, row stride
/// out_stride. head_dim is a multiple of 8. Only queries [query_begin, query_end) are computed;
/// `out` is indexed by absolute query position. `scratch` is 64-byte aligned. Single thread.
void attention_head(const float* q, const float* k, const float* v, size_t stride, size_t tokens,
                    size_t head_dim, float scale, bool causal, size_t query_begin, size_t query_end,
                    float* out, size_t out_stride, float* scratch);

}  // namespace mobileclip::kernels

#endif  // MOBILECLIP_KERNELS_ATTENTION_H_
