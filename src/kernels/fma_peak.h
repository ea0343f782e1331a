/// The rate of multiply-adds this processor can reach: what a benchmark's GFLOP/s are a share of.
#ifndef MOBILECLIP_KERNELS_FMA_PEAK_H_
#define MOBILECLIP_KERNELS_FMA_PEAK_H_

namespace mobileclip::kernels {

/// GFLOP/s (a multiply-add is two) of float32 multiply-adds between registers on the calling
/// thread, with the instruction set in use; the best of several runs. Takes about `seconds`.
double fma_peak_gflops(double seconds);

}  // namespace mobileclip::kernels

#endif  // MOBILECLIP_KERNELS_FMA_PEAK_H_
