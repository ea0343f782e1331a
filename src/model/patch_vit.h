/// ViT over square patches: the image encoder of OpenAI's CLIP, of MobileCLIP2-L-14 and of SigLIP.
#ifndef MOBILECLIP_MODEL_PATCH_VIT_H_
#define MOBILECLIP_MODEL_PATCH_VIT_H_

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "config/model_config.h"
#include "layers/attention_pool.h"
#include "layers/dense_conv.h"
#include "layers/transformer_layer.h"
#include "model/build_jobs.h"
#include "model/encoder.h"
#include "model/projection.h"

namespace mobileclip {

/// ViT (arXiv 2010.11929), named as VitWeights where they have the same parts. Either a class token
/// and a projection, or attention pooling.
struct PatchVitWeights {
  ConvShape patch_shape;
  std::string path;
  Weight patch_weight;
  std::optional<Weight> patch_bias, class_token;
  Weight positions;
  std::optional<LayerNormWeights> pre_norm;
  std::vector<TransformerLayerWeights> layers;
  LayerNormWeights norm;
  std::optional<ProjectionWeights> projection;
  std::optional<AttentionPoolWeights> pool;
  static PatchVitWeights read(const Scope& scope, const ModelConfig& config);
};

class PatchVit : public ImageEncoder {
 public:
  /// Adds its layers to `jobs`; usable once they have run. `weights` must live until then.
  PatchVit(const PatchVitWeights& weights, const ModelConfig& config, BuildJobs& jobs);
  void encode(const RunContext& context, const float* pixels, size_t n, float* out,
              const Probe& probe) const override;

 private:
  size_t image_size_, width_, tokens_;
  bool has_class_token_;
  DenseConv patches_;
  FloatStore class_token_, positions_;
  std::unique_ptr<LayerNorm> pre_norm_, norm_;
  std::vector<std::unique_ptr<TransformerLayer>> layers_;
  kernels::PackedMatrix projection_;
  std::unique_ptr<AttentionPool> pool_;
};

}  // namespace mobileclip

#endif  // MOBILECLIP_MODEL_PATCH_VIT_H_
