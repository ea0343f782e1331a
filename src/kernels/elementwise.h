/// Norms, activations, pooling and small helpers over rows of floats.
#ifndef MOBILECLIP_KERNELS_ELEMENTWISE_H_
#define MOBILECLIP_KERNELS_ELEMENTWISE_H_

#include <cstddef>

namespace mobileclip::kernels {

/// out = (x − mean) / sqrt(var + eps) · weight + bias over each row of `width` values; biased
/// variance computed in two passes. `rows` rows with the given strides; out may be x.
void layer_norm(const float* x, size_t x_stride, const float* weight, const float* bias,
                size_t rows, size_t width, float eps, float* out, size_t out_stride);

/// Exact GELU, x·Φ(x) in erf form, to a few ulp of Φ; in place.
void gelu(float* x, size_t n);

/// out[c] = mean over `positions` rows of x (positions × channels), summed in row order.
void mean_pool(const float* x, size_t positions, size_t channels, float* out);

/// x[p][c] = act(x[p][c] · gate[c]) in place; with `apply_gelu` the GELU follows the product.
void scale_channels(float* x, size_t positions, size_t channels, const float* gate,
                    bool apply_gelu);

/// x = max(x, 0) and x = 1 / (1 + exp(−x)), in place.
void relu(float* x, size_t n);
void sigmoid(float* x, size_t n);

/// out = a + b; out may be either.
void add(const float* a, const float* b, size_t n, float* out);

/// True if every value is finite.
bool all_finite(const float* x, size_t n);

}  // namespace mobileclip::kernels

#endif  // MOBILECLIP_KERNELS_ELEMENTWISE_H_
