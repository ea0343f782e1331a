#include "kernels/fma_peak.h"

#include <algorithm>
#include <chrono>
#include <cstddef>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/fma_peak.cc"
#include <hwy/foreach_target.h>  // NOLINT: before highway.h
#include <hwy/highway.h>

HWY_BEFORE_NAMESPACE();
namespace mobileclip::kernels {
namespace HWY_NAMESPACE {

namespace hn = hwy::HWY_NAMESPACE;

/// Multiply-adds done in `rounds` rounds on kFmaChains chains, each a number that starts at its own
/// of starts[kFmaChains] and goes on as c·factor + start of the first: chains of equal values would
/// be one chain to the compiler. The chains' sum goes to *sink, so that none is idle.
size_t Chains(size_t rounds, const float* starts, float factor, float* sink) {
  const hn::ScalableTag<float> d;
  const auto a = hn::Set(d, factor), b = hn::Set(d, starts[0]);
  auto c0 = b, c1 = hn::Set(d, starts[1]), c2 = hn::Set(d, starts[2]), c3 = hn::Set(d, starts[3]),
       c4 = hn::Set(d, starts[4]), c5 = hn::Set(d, starts[5]), c6 = hn::Set(d, starts[6]),
       c7 = hn::Set(d, starts[7]), c8 = hn::Set(d, starts[8]), c9 = hn::Set(d, starts[9]),
       c10 = hn::Set(d, starts[10]), c11 = hn::Set(d, starts[11]);
  for (size_t i = 0; i < rounds; ++i) {
    c0 = hn::MulAdd(c0, a, b);
    c1 = hn::MulAdd(c1, a, b);
    c2 = hn::MulAdd(c2, a, b);
    c3 = hn::MulAdd(c3, a, b);
    c4 = hn::MulAdd(c4, a, b);
    c5 = hn::MulAdd(c5, a, b);
    c6 = hn::MulAdd(c6, a, b);
    c7 = hn::MulAdd(c7, a, b);
    c8 = hn::MulAdd(c8, a, b);
    c9 = hn::MulAdd(c9, a, b);
    c10 = hn::MulAdd(c10, a, b);
    c11 = hn::MulAdd(c11, a, b);
  }
  const auto s0 = hn::Add(hn::Add(c0, c1), hn::Add(c2, c3));
  const auto s1 = hn::Add(hn::Add(c4, c5), hn::Add(c6, c7));
  const auto s2 = hn::Add(hn::Add(c8, c9), hn::Add(c10, c11));
  *sink = hn::GetLane(hn::Add(hn::Add(s0, s1), s2));
  return rounds * kFmaChains * hn::Lanes(d);
}

}  // namespace HWY_NAMESPACE
}  // namespace mobileclip::kernels
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace mobileclip::kernels {

HWY_EXPORT(Chains);

size_t fma_chains(size_t rounds, const float* starts, float factor, float* sink) {
  return HWY_DYNAMIC_DISPATCH(Chains)(rounds, starts, factor, sink);
}

double fma_peak_gflops(double seconds) {
  using Clock = std::chrono::steady_clock;
  const auto since = [](Clock::time_point begin) {
    return std::chrono::duration<double>(Clock::now() - begin).count();
  };
  constexpr size_t kRounds = 200'000;
  const Clock::time_point start = Clock::now();
  double best = 0;
  float starts[kFmaChains];
  for (size_t i = 0; i < kFmaChains; ++i) starts[i] = 1e-3F * static_cast<float>(i + 1);
  do {
    const Clock::time_point begin = Clock::now();
    float sink = 0;
    const size_t count = fma_chains(kRounds, starts, 0.999F, &sink);
    starts[0] = sink > 0 ? 1e-3F : 2e-3F;  // each run waits for the one before
    best = std::max(best, 2e-9 * static_cast<double>(count) / since(begin));
  } while (since(start) < seconds);
  return best;
}

}  // namespace mobileclip::kernels
#endif  // HWY_ONCE
