// All heads of one item, on one thread: tokens × width, head by head.
#include <cmath>

#include "kernels/attention.h"
#include "support.h"

namespace mobileclip {
namespace {

void attention(benchmark::State& state, size_t tokens, size_t width, size_t head_dim, bool causal) {
  const AlignedBuffer qkv = bench::random_floats(tokens * 3 * width);
  AlignedBuffer out(tokens * width), scratch(kernels::attention_scratch(tokens, head_dim));
  const float scale = 1 / std::sqrt(static_cast<float>(head_dim));
  for (auto _ : state) {
    for (size_t at = 0; at < width; at += head_dim) {
      kernels::attention_head(qkv.data() + at, qkv.data() + width + at, qkv.data() + 2 * width + at,
                              3 * width, tokens, head_dim, scale, causal, 0, tokens,
                              out.data() + at, width, scratch.data());
    }
    benchmark::ClobberMemory();
  }
  bench::count_multiply_adds(state, 2 * tokens * tokens * width);
}

BENCHMARK_CAPTURE(attention, S0_stage_4, 64, 512, 32, false);
BENCHMARK_CAPTURE(attention, S2_stage_4, 64, 640, 32, false);
BENCHMARK_CAPTURE(attention, B_image, 197, 768, 64, false);
BENCHMARK_CAPTURE(attention, S2_text, 77, 512, 64, false);
BENCHMARK_CAPTURE(attention, B_text, 77, 512, 64, true);

}  // namespace
}  // namespace mobileclip
