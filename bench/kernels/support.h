/// What the kernels' benchmarks share.
#ifndef MOBILECLIP_BENCH_KERNELS_SUPPORT_H_
#define MOBILECLIP_BENCH_KERNELS_SUPPORT_H_

#include <benchmark/benchmark.h>

#include <cstddef>
#include <random>

#include "base/aligned_buffer.h"
#include "kernels/isa.h"

namespace mobileclip::bench {

/// Kernels run on the instruction set that $MOBILECLIP_ISA names, if it is set.
inline const bool isa_chosen = (kernels::force_isa_of_environment(), true);

/// `n` floats in [−1, 1).
inline AlignedBuffer random_floats(size_t n) {
  std::mt19937 generator(1);
  std::uniform_real_distribution<float> uniform(-1, 1);
  AlignedBuffer out(n);
  for (size_t i = 0; i < n; ++i) out.data()[i] = uniform(generator);
  return out;
}

/// Shows GFLOP/s, a multiply-add counted as two.
inline void count_multiply_adds(benchmark::State& state, size_t each) {
  state.counters["GFLOP/s"] =
      benchmark::Counter(2e-9 * static_cast<double>(each) * static_cast<double>(state.iterations()),
                         benchmark::Counter::kIsRate);
}

/// Shows values/s.
inline void count_values(benchmark::State& state, size_t each) {
  state.SetItemsProcessed(static_cast<int64_t>(each) * state.iterations());
}

}  // namespace mobileclip::bench

#endif  // MOBILECLIP_BENCH_KERNELS_SUPPORT_H_
