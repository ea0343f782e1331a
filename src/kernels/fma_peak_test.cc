#include "kernels/fma_peak.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdint>
#include <limits>

#include "kernels/test_support.h"

namespace mobileclip::kernels {
namespace {

TEST(kernelsFmaPeak, EveryChainIsComputed) {
  float starts[kFmaChains];
  for (size_t i = 0; i < kFmaChains; ++i) starts[i] = 0.25F * static_cast<float>(i * i + 1);
  test::for_each_isa([&] {
    for (const size_t rounds : {0, 1, 2, 17}) {
      double expected = 0;
      for (const float start : starts) {
        double value = start;
        for (size_t i = 0; i < rounds; ++i) value = value * 0.5 + starts[0];
        expected += value;
      }
      float sum = 0;
      const size_t count = fma_chains(rounds, starts, 0.5F, &sum);
      EXPECT_NEAR(sum, expected, 1e-4) << rounds << " rounds";
      EXPECT_EQ(count % kFmaChains, 0U);
      EXPECT_EQ(count != 0, rounds != 0);
    }
  });
}

#if defined(__x86_64__)
/// Cycles in a nanosecond: a multiplication of integers that waits for the one before takes three
/// cycles on every x86-64 processor since 2008 (Intel, AMD). The best of many short runs.
double cycles_per_ns() {
  using Clock = std::chrono::steady_clock;
  constexpr int kLength = 200'000;
  double best = std::numeric_limits<double>::max();
  for (int run = 0; run < 60; ++run) {
    uint64_t value = 3;
    const Clock::time_point begin = Clock::now();
    for (int i = 0; i < kLength; ++i) asm volatile("imul %0, %0" : "+r"(value));
    best = std::min(best, std::chrono::duration<double, std::nano>(Clock::now() - begin).count());
  }
  return 3.0 * kLength / best;
}

// No x86-64 processor starts more than two vector multiply-adds a cycle. Chains that the compiler
// merges into one count twelve in a latency of four cycles: half as many again.
TEST(kernelsFmaPeak, IsWithinWhatTwoUnitsCanDo) {
  test::for_each_isa([] {
    const float starts[kFmaChains] = {};
    float sum = 0;
    const auto lanes = static_cast<double>(fma_chains(1, starts, 1, &sum) / kFmaChains);
    if (lanes < 4) return;  // Highway's scalar target: a processor may have more scalar units
    const double bound = 2 * 2 * lanes * std::max(cycles_per_ns(), cycles_per_ns());
    EXPECT_LE(fma_peak_gflops(0.1), 1.2 * bound) << lanes << " lanes";
  });
}
#endif

}  // namespace
}  // namespace mobileclip::kernels
