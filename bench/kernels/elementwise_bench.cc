// Norms and activations over the networks' rows, on one thread.
#include "kernels/elementwise.h"
#include "support.h"

namespace mobileclip {
namespace {

void layer_norm(benchmark::State& state, size_t rows, size_t width) {
  const AlignedBuffer x = bench::random_floats(rows * width), weight = bench::random_floats(width),
                      bias = bench::random_floats(width);
  AlignedBuffer out(rows * width);
  for (auto _ : state) {
    kernels::layer_norm(x.data(), width, weight.data(), bias.data(), rows, width, 1e-5F, out.data(),
                        width);
    benchmark::ClobberMemory();
  }
  bench::count_values(state, rows * width);
}

void gelu(benchmark::State& state, size_t n) {
  const AlignedBuffer fresh = bench::random_floats(n);
  AlignedBuffer x(n);
  for (auto _ : state) {
    kernels::add(fresh.data(), fresh.data(), n, x.data());  // in place would settle on one value
    kernels::gelu(x.data(), n);
    benchmark::ClobberMemory();
  }
  bench::count_values(state, n);
}

void mean_pool(benchmark::State& state, size_t positions, size_t channels) {
  const AlignedBuffer x = bench::random_floats(positions * channels);
  AlignedBuffer out(channels);
  for (auto _ : state) {
    kernels::mean_pool(x.data(), positions, channels, out.data());
    benchmark::ClobberMemory();
  }
  bench::count_values(state, positions * channels);
}

BENCHMARK_CAPTURE(layer_norm, text, 77, 512);
BENCHMARK_CAPTURE(layer_norm, B_image, 197, 768);
BENCHMARK_CAPTURE(gelu, S0_stage_1, 4096 * 192);
BENCHMARK_CAPTURE(gelu, B_image, 197 * 3072);
BENCHMARK_CAPTURE(mean_pool, S0, 64, 1024);

}  // namespace
}  // namespace mobileclip
