#include "layers/attention_pool.h"

#include <cmath>

#include "kernels/attention.h"

namespace mobileclip {

AttentionPoolWeights AttentionPoolWeights::read(const Scope& scope, size_t width, size_t ffn,
                                                float eps) {
  AttentionPoolWeights out;
  out.latent = scope.weight("latent", {1, 1, width});
  out.q = LinearWeights::read(scope / "q", width, width);
  out.kv = LinearWeights::read(scope / "kv", 2 * width, width);
  out.proj = LinearWeights::read(scope / "proj", width, width);
  out.norm = LayerNormWeights::read(scope / "norm", width, eps);
  out.fc1 = LinearWeights::read(scope / "mlp" / "fc1", ffn, width);
  out.fc2 = LinearWeights::read(scope / "mlp" / "fc2", width, ffn);
  return out;
}

AttentionPool::AttentionPool(const AttentionPoolWeights& weights, size_t heads, Foundry& foundry)
    : latent_(foundry.floats(weights.latent)),
      q_(pack_linear(foundry, weights.q)),
      kv_(pack_linear(foundry, weights.kv)),
      proj_(pack_linear(foundry, weights.proj)),
      fc1_(pack_linear(foundry, weights.fc1)),
      fc2_(pack_linear(foundry, weights.fc2)),
      norm_(weights.norm, foundry),
      head_dim_(q_.n() / heads) {}

void AttentionPool::forward(const RunContext& context, const float* x, size_t n, size_t tokens,
                            float* out) const {
  ThreadPool& pool = context.pool;
  const size_t width = q_.n();
  const size_t stride = 2 * width;
  // The query behind the keys and values: it is the same for every item.
  float* kv = context.workspace.buffer(Workspace::kQkv, n * tokens * stride + width);
  float* query = kv + n * tokens * stride;
  float* mixed = context.workspace.buffer(Workspace::kAttention, n * width);
  float* norm = context.workspace.buffer(Workspace::kNorm, n * width);
  float* inner = context.workspace.buffer(Workspace::kHidden, n * fc1_.n());

  kernels::gemm(pool, x, width, n * tokens, kv_, kv, stride);
  kernels::gemm(pool, latent_.data(), width, 1, q_, query, width);
  const auto scale = static_cast<float>(1.0 / std::sqrt(static_cast<double>(head_dim_)));
  const size_t scratch_size = kernels::attention_scratch(tokens, head_dim_);
  const size_t heads = width / head_dim_;
  pool.parallel_for(n * heads, [&](size_t task, int worker) {
    const size_t item = task / heads;
    const size_t column = task % heads * head_dim_;
    const float* keys = kv + item * tokens * stride + column;
    kernels::attention_head(query + column, keys, keys + width, stride, tokens, head_dim_, scale,
                            false, 0, 1, mixed + item * width + column, width,
                            context.workspace.scratch(worker, scratch_size));
  });
  kernels::gemm(pool, mixed, width, n, proj_, out, width);
  norm_.forward(context, out, n, norm);
  kernels::gemm(pool, norm, width, n, fc1_, inner, fc1_.n(),
                {.activation = kernels::Activation::kGelu});
  kernels::gemm(pool, inner, fc1_.n(), n, fc2_, out, width,
                {.residual = out, .residual_stride = width});
}

}  // namespace mobileclip
