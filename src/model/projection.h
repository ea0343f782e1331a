/// The last matrix of an image tower.
#ifndef MOBILECLIP_MODEL_PROJECTION_H_
#define MOBILECLIP_MODEL_PROJECTION_H_

#include <optional>

#include "config/model_config.h"
#include "layers/packing.h"

namespace mobileclip {

/// `proj` (width × embed_dim) and, in open_clip's models, `bias`.
struct ProjectionWeights {
  Weight proj;
  std::optional<Weight> bias;

  static ProjectionWeights read(const Scope& scope, size_t width, const ModelConfig& config) {
    const auto dim = static_cast<size_t>(config.embed_dim);
    ProjectionWeights out{scope.weight("proj", {width, dim}), {}};
    if (config.head_bias) out.bias = scope.weight("bias", {dim});
    return out;
  }
};

inline kernels::PackedMatrix pack(Foundry& foundry, const ProjectionWeights& weights) {
  return pack_projection(foundry, weights.proj, weights.bias ? &*weights.bias : nullptr);
}

}  // namespace mobileclip

#endif  // MOBILECLIP_MODEL_PROJECTION_H_
