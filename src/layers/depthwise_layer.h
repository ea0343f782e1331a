/// A depthwise convolution over a whole batch.
#ifndef MOBILECLIP_LAYERS_DEPTHWISE_LAYER_H_
#define MOBILECLIP_LAYERS_DEPTHWISE_LAYER_H_

#include "kernels/depthwise.h"
#include "layers/run_context.h"

namespace mobileclip {

/// features.data → features.spare, then swaps; height, width and channels become the output's. Both
/// buffers must hold the larger of input and output.
void depthwise_forward(const RunContext& context, const kernels::PackedDepthwise& weights,
                       kernels::Activation activation, Features& features);

}  // namespace mobileclip

#endif  // MOBILECLIP_LAYERS_DEPTHWISE_LAYER_H_
