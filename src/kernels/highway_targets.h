/// Which of Highway's targets the kernels are compiled for. Included before <hwy/highway.h>, never
/// without it.
#ifndef MOBILECLIP_KERNELS_HIGHWAY_TARGETS_H_
#define MOBILECLIP_KERNELS_HIGHWAY_TARGETS_H_

// The scalar target is always there, so that every machine can run what the tests compare with.
#define HWY_COMPILE_ALL_ATTAINABLE
// Left out: superseded steps that would only add code, and targets whose vectors have no fixed size
// and so cannot stand in the arrays of a register tile.
#define HWY_DISABLED_TARGETS \
  (HWY_SSSE3 | HWY_AVX3_DL | HWY_SVE | HWY_SVE2 | HWY_SVE_256 | HWY_SVE2_128 | HWY_RVV)

// Fully unrolls the loop that follows; its bounds are compile-time constants.
#if defined(__clang__)
#define MOBILECLIP_UNROLL _Pragma("clang loop unroll(full)")
#else
#define MOBILECLIP_UNROLL _Pragma("GCC unroll 32")
#endif

#endif  // MOBILECLIP_KERNELS_HIGHWAY_TARGETS_H_
