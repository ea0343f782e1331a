/// Multi-head self-attention between the qkv and the output projection.
#ifndef MOBILECLIP_LAYERS_SELF_ATTENTION_H_
#define MOBILECLIP_LAYERS_SELF_ATTENTION_H_

#include <cstddef>

#include "layers/run_context.h"

namespace mobileclip {

/// qkv: n items of T × 3D, q then k then v, heads contiguous inside each; out: n × T × D. q is
/// scaled by head_dim^-0.5. One task per item and head.
void self_attention(const RunContext& context, const float* qkv, size_t n, size_t tokens,
                    size_t width, size_t head_dim, bool causal, float* out);

}  // namespace mobileclip

#endif  // MOBILECLIP_LAYERS_SELF_ATTENTION_H_
