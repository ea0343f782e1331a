/// The activation of OpenAI's CLIP.
#ifndef MOBILECLIP_KERNELS_QUICK_GELU_H_
#define MOBILECLIP_KERNELS_QUICK_GELU_H_

#include <cstddef>

namespace mobileclip::kernels {

/// x = x · sigmoid(1.702 · x), in place. The same operations on every element, whatever n is.
void quick_gelu(float* x, size_t n);

}  // namespace mobileclip::kernels

#endif  // MOBILECLIP_KERNELS_QUICK_GELU_H_
