/// Multi-head self-attention between the qkv and the output projection.
#ifndef MOBILECLIP_LAYERS_SELF_ATTENTION_H_
#define MOBILECLIP_LAYERS_SELF_ATTENTION_H_

#include "layers/row_span.h"
#include "layers/run_context.h"

namespace mobileclip {

/// qkv: rows of 3D, q then k then v, heads contiguous inside each; out: rows of D. The rows of an
/// item attend to each other, or to those before them if `causal`. q is scaled by head_dim^-0.5.
/// One task per item and head.
void self_attention(const RunContext& context, const float* qkv, std::span<const RowSpan> items,
                    size_t width, size_t head_dim, bool causal, float* out);

/// The same for some rows of each item alone: windows[i] counts from the first row of items[i].
/// The q of other rows is not read, their row of `out` not touched.
void self_attention(const RunContext& context, const float* qkv, std::span<const RowSpan> items,
                    std::span<const RowSpan> windows, size_t width, size_t head_dim, bool causal,
                    float* out);

}  // namespace mobileclip

#endif  // MOBILECLIP_LAYERS_SELF_ATTENTION_H_
