/// Full unrolling of loops with constant bounds.
#ifndef MOBILECLIP_KERNELS_UNROLL_H_
#define MOBILECLIP_KERNELS_UNROLL_H_

// Stands before the loop. A register tile lives in arrays that only then become registers.
#if defined(__clang__)
#define MOBILECLIP_UNROLL _Pragma("clang loop unroll(full)")
#else
#define MOBILECLIP_UNROLL _Pragma("GCC unroll 32")
#endif

#endif  // MOBILECLIP_KERNELS_UNROLL_H_
