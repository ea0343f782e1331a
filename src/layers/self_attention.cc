#include "layers/self_attention.h"

#include <algorithm>
#include <cmath>

#include "kernels/attention.h"

namespace mobileclip {

void self_attention(const RunContext& context, const float* qkv, std::span<const RowSpan> items,
                    size_t width, size_t head_dim, bool causal, float* out) {
  std::vector<RowSpan> windows(items.begin(), items.end());
  for (RowSpan& window : windows) window.first = 0;
  self_attention(context, qkv, items, windows, width, head_dim, causal, out);
}

void self_attention(const RunContext& context, const float* qkv, std::span<const RowSpan> items,
                    std::span<const RowSpan> windows, size_t width, size_t head_dim, bool causal,
                    float* out) {
  const size_t heads = width / head_dim;
  const size_t stride = 3 * width;
  const auto scale = static_cast<float>(1.0 / std::sqrt(static_cast<double>(head_dim)));
  size_t most = 0;
  for (const RowSpan& item : items) most = std::max(most, item.count);
  const size_t scratch_size = kernels::attention_scratch(most, head_dim);
  context.pool.parallel_for(items.size() * heads, [&](size_t task, int worker) {
    const RowSpan& item = items[task / heads];
    const RowSpan& window = windows[task / heads];
    const size_t column = task % heads * head_dim;
    const float* q = qkv + item.first * stride + column;
    float* scratch = context.workspace.scratch(worker, scratch_size);
    kernels::attention_head(q, q + width, q + 2 * width, stride, item.count, head_dim, scale,
                            causal, window.first, window.first + window.count,
                            out + item.first * width + column, width, scratch);
  });
}

}  // namespace mobileclip
