/// ViT with a convolutional stem: the image encoder of mobileclip_b.
#ifndef MOBILECLIP_MODEL_VIT_H_
#define MOBILECLIP_MODEL_VIT_H_

#include <array>
#include <memory>
#include <vector>

#include "config/model_config.h"
#include "layers/dense_conv.h"
#include "layers/transformer_layer.h"
#include "model/build_jobs.h"
#include "model/encoder.h"
#include "model/projection.h"

namespace mobileclip {

/// Training form, named as `image_encoder.model`.
struct VitWeights {
  std::array<ConvBnWeights, 2> stem;  ///< 4×4 s4, then 2×2 s2, each with batch norm
  ConvShape last_shape;
  Weight last_weight, last_bias;  ///< 2×2 s2 with bias
  Weight class_token, positions;
  std::vector<TransformerLayerWeights> layers;
  LayerNormWeights norm;
  ProjectionWeights projection;
  std::string path;
  static VitWeights read(const Scope& scope, const ModelConfig& config);
};

class Vit : public ImageEncoder {
 public:
  /// Adds its layers to `jobs`; usable once they have run. `weights` must live until then.
  Vit(const VitWeights& weights, const ModelConfig& config, BuildJobs& jobs);
  void encode(const RunContext& context, const float* pixels, size_t n, float* out,
              const Probe& probe) const override;

 private:
  size_t image_size_, width_, patches_;
  std::array<DenseConv, 3> stem_;
  FloatStore class_token_, positions_;
  std::vector<std::unique_ptr<TransformerLayer>> layers_;
  std::unique_ptr<LayerNorm> norm_;
  kernels::PackedMatrix projection_;
};

}  // namespace mobileclip

#endif  // MOBILECLIP_MODEL_VIT_H_
