#include "layers/self_attention.h"

#include <cmath>

#include "kernels/attention.h"

namespace mobileclip {

void self_attention(const RunContext& context, const float* qkv, size_t n, size_t tokens,
                    size_t width, size_t head_dim, bool causal, float* out) {
  const size_t heads = width / head_dim;
  const size_t stride = 3 * width;
  const auto scale = static_cast<float>(1.0 / std::sqrt(static_cast<double>(head_dim)));
  const size_t scratch_size = kernels::attention_scratch(tokens, head_dim);
  context.pool.parallel_for(n * heads, [&](size_t task, int worker) {
    const size_t item = task / heads;
    const size_t column = task % heads * head_dim;
    const float* q = qkv + item * tokens * stride + column;
    float* scratch = context.workspace.scratch(worker, scratch_size);
    kernels::attention_head(q, q + width, q + 2 * width, stride, tokens, head_dim, scale, causal, 0,
                            tokens, out + item * tokens * width + column, width, scratch);
  });
}

}  // namespace mobileclip
