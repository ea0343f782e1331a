/// The rate of multiply-adds this processor can reach: what a benchmark's GFLOP/s are a share of.
#ifndef MOBILECLIP_KERNELS_FMA_PEAK_H_
#define MOBILECLIP_KERNELS_FMA_PEAK_H_

#include <cstddef>

namespace mobileclip::kernels {

/// Independent chains of multiply-adds: enough to hide a latency of four cycles on two units (and
/// of six on one), few enough to leave registers for the factors.
constexpr size_t kFmaChains = 12;

/// `rounds` times c[i] = c[i]·factor + starts[0] with c[i] = starts[i] at first, for kFmaChains
/// chains in every lane of the instruction set in use; the sum over the chains in *sink. Returns
/// the number of multiply-adds, over all lanes.
size_t fma_chains(size_t rounds, const float* starts, float factor, float* sink);

/// GFLOP/s (a multiply-add is two) of float32 multiply-adds between registers on the calling
/// thread, with the instruction set in use; the best of several runs. Takes about `seconds`.
double fma_peak_gflops(double seconds);

}  // namespace mobileclip::kernels

#endif  // MOBILECLIP_KERNELS_FMA_PEAK_H_
