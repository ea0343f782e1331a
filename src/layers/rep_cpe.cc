#include "layers/rep_cpe.h"

#include <fmt/core.h>

#include "reparam/values.h"

namespace mobileclip {

RepCpeWeights RepCpeWeights::read(const Scope& scope, size_t channels) {
  const Scope pe = scope / "pe";
  return {scope.path(), channels, pe.weight("weight", {channels, 1, 7, 7}),
          pe.weight("bias", {channels})};
}

RepCpe::RepCpe(const RepCpeWeights& weights, FoldLog& log) {
  FoldedConv conv{
      {weights.channels, 1, 7, 7}, load_values(weights.weight), load_values(weights.bias)};
  add_identity(conv);
  conv_ = pack_depthwise(conv, weights.channels, 1);
  log.push_back(fmt::format("{}: identity + pe -> depthwise 7x7", weights.path));
}

void RepCpe::forward(const RunContext& context, Features& features) const {
  depthwise_forward(context, conv_, kernels::Activation::kNone, features);
}

}  // namespace mobileclip
