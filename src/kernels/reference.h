/// The naive twin of every kernel: plain loops in double, the oracle of the tests.
#ifndef MOBILECLIP_KERNELS_REFERENCE_H_
#define MOBILECLIP_KERNELS_REFERENCE_H_

#include <cstddef>
#include <vector>

#include "kernels/gemm.h"

namespace mobileclip::kernels::reference {

/// act(A·Wᵀ + bias) + residual; A M × K, W N × K row-major; bias and residual may be null.
std::vector<double> gemm(const float* a, size_t lda, size_t m, const float* weight,
                         const float* bias, size_t n, size_t k, Activation activation,
                         const float* residual, size_t residual_stride);
/// All output rows of one image.
std::vector<double> depthwise(const float* in, size_t height, size_t width, const double* weight,
                              const double* bias, size_t channels, size_t multiplier, size_t kh,
                              size_t kw, size_t stride, Activation activation);
/// T × head_dim, row stride head_dim.
std::vector<double> attention_head(const float* q, const float* k, const float* v, size_t stride,
                                   size_t tokens, size_t head_dim, double scale, bool causal);
std::vector<double> layer_norm(const float* x, const float* weight, const float* bias, size_t width,
                               double eps);
double gelu(double x);

}  // namespace mobileclip::kernels::reference

#endif  // MOBILECLIP_KERNELS_REFERENCE_H_
