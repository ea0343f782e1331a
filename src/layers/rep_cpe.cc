#include "layers/rep_cpe.h"

#include <fmt/core.h>

#include "reparam/values.h"

namespace mobileclip {

RepCpeWeights RepCpeWeights::read(const Scope& scope, size_t channels) {
  const Scope pe = scope / "pe";
  return {scope.path(), channels, pe.weight("weight", {channels, 1, 7, 7}),
          pe.weight("bias", {channels})};
}

RepCpe::RepCpe(const RepCpeWeights& weights, Foundry& foundry) {
  const ConvShape shape{weights.channels, 1, 7, 7};
  conv_ = pack_depthwise(foundry, weights.path, shape, weights.channels, 1, [&] {
    FoldedConv conv{shape, load_values(weights.weight), load_values(weights.bias)};
    add_identity(conv);
    return conv;
  });
  foundry.log(fmt::format("{}: identity + pe -> depthwise 7x7", weights.path));
}

void RepCpe::forward(const RunContext& context, Features& features) const {
  depthwise_forward(context, conv_, kernels::Activation::kNone, features);
}

}  // namespace mobileclip
