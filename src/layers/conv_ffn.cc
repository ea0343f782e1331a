#include "layers/conv_ffn.h"

#include <fmt/core.h>

#include <algorithm>
#include <utility>

#include "base/cache.h"
#include "kernels/isa.h"

namespace mobileclip {
namespace {

/// Positions per band: enough rows to reuse each weight, few enough that the hidden tensor stays in
/// L2. The tile unit wants more of them, since every band splits the weights anew.
size_t band_positions(size_t hidden) {
  const size_t most = l2_cache_bytes() / 4 * 3 / (hidden * sizeof(float));
  if (kernels::amx_in_use()) return std::max<size_t>(128, most);
  return l2_cache_bytes() >= size_t{1} << 20 ? 128 : 64;
}

}  // namespace

ConvFfnWeights ConvFfnWeights::read(const Scope& scope, size_t channels, size_t hidden, size_t kh,
                                    size_t kw) {
  ConvFfnWeights out;
  out.path = scope.path();
  out.conv = ConvBnWeights::read(scope / "conv", {channels, 1, kh, kw});
  out.fc1 = LinearWeights::read(scope / "fc1", hidden, channels, true, true);
  out.fc2 = LinearWeights::read(scope / "fc2", channels, hidden, true, true);
  return out;
}

ConvFfn::ConvFfn(const ConvFfnWeights& weights, const Weight& layer_scale, Foundry& foundry)
    : conv_(pack_depthwise(foundry, weights.path + ".conv", weights.conv.shape,
                           weights.conv.shape.out, 1, [&] { return fold(weights.conv); })),
      fc1_(pack_linear(foundry, weights.fc1)),
      fc2_(pack_linear_scaled(foundry, weights.fc2, layer_scale)) {
  foundry.log(fmt::format("{}: conv.conv + conv.bn -> depthwise {}x{}", weights.path,
                          weights.conv.shape.kh, weights.conv.shape.kw));
  foundry.log(
      fmt::format("{}: fc2 * layer_scale -> linear {}x{}", weights.path, fc2_.n(), fc2_.k()));
}

void ConvFfn::forward(const RunContext& context, Features& f) const {
  const Bands bands =
      plan_bands(f.n, f.height, f.width, band_positions(fc1_.n()), context.pool.threads());
  const size_t c = f.channels;
  const size_t hidden = fc1_.n();
  const size_t most = bands.rows * f.width;
  context.pool.parallel_for(bands.tasks, [&](size_t task, int worker) {
    const Bands::Band band = bands.at(task);
    const size_t m = (band.end - band.begin) * f.width;
    const float* item = f.data + band.item * f.per_item();
    const size_t start = band.begin * f.width * c;
    float* mixed = context.workspace.scratch(worker, most * (c + hidden));
    float* inner = mixed + most * c;
    kernels::depthwise(item, f.height, f.width, conv_, band.begin, band.end,
                       kernels::Activation::kNone, mixed);
    kernels::gemm(mixed, c, m, fc1_, inner, hidden, {.activation = kernels::Activation::kGelu});
    float* out = f.spare + band.item * f.per_item() + start;
    kernels::gemm(inner, hidden, m, fc2_, out, c, {.residual = item + start, .residual_stride = c});
  });
  std::swap(f.data, f.spare);
}

void ConvFfn::forward_at(const RunContext& context, const float* x, std::span<const RowSpan> items,
                         std::span<const size_t> at, float* out) const {
  const size_t c = fc2_.n();
  const size_t hidden = fc1_.n();
  const size_t n = items.size();
  float* mixed = context.workspace.buffer(Workspace::kNorm, n * c);
  float* inner = context.workspace.buffer(Workspace::kHidden, n * hidden);
  for (size_t i = 0; i < n; ++i) {
    const float* item = x + items[i].first * c;
    kernels::depthwise(item, items[i].count, 1, conv_, at[i], at[i] + 1, kernels::Activation::kNone,
                       mixed + i * c);
    std::copy_n(item + at[i] * c, c, out + i * c);
  }
  kernels::gemm(context.pool, mixed, c, n, fc1_, inner, hidden,
                {.activation = kernels::Activation::kGelu});
  kernels::gemm(context.pool, inner, hidden, n, fc2_, out, c,
                {.residual = out, .residual_stride = c});
}

}  // namespace mobileclip
