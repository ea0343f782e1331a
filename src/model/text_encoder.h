/// The text encoders: transformer layers, for "mct" with a RepMixer block before and after.
#ifndef MOBILECLIP_MODEL_TEXT_ENCODER_H_
#define MOBILECLIP_MODEL_TEXT_ENCODER_H_

#include <cstdint>
#include <memory>
#include <vector>

#include "config/model_config.h"
#include "layers/repmixer.h"
#include "layers/transformer_layer.h"
#include "model/build_jobs.h"
#include "model/encoder.h"

namespace mobileclip {

/// Training form, named as `text_encoder`.
struct TextWeights {
  Weight projection, projection_bias, embedding, positions;
  std::vector<RepMixerBlockWeights> mixers;  ///< none, or the first and the last of `transformer`
  std::vector<TransformerLayerWeights> layers;
  LayerNormWeights norm;
  static TextWeights read(const Scope& scope, const ModelConfig& config);
};

/// Inference form; immutable, thread-safe. The embedding table stays in the mapped file; rows of
/// other types than float32 are converted as they are looked up.
class TextEncoder {
 public:
  /// Adds its layers to `jobs`; usable once they have run. `weights` must live until then, the
  /// checkpoint's bytes as long as this.
  TextEncoder(const TextWeights& weights, const ModelConfig& config, BuildJobs& jobs);

  /// n × context ids, each 0 … vocabulary − 1 → n × embed_dim, raw. Computes only what reaches the
  /// chosen position, unless a probe wants to see all; same bits.
  void encode(const RunContext& context, const int32_t* ids, size_t n, float* out,
              const Probe& probe) const;

 private:
  void embed(const RunContext& context, const int32_t* ids, std::span<const RowSpan> items,
             float* out) const;
  /// All positions of every part, n × context rows in f.data.
  void forward_all(const RunContext& context, Features& f, const Probe& probe) const;
  /// The chosen position of each item after the last part, packed in f.spare.
  void forward_chosen(const RunContext& context, Features& f, std::span<const RowSpan> items,
                      std::span<const size_t> chosen) const;

  TextConfig config_;
  size_t width_;
  const float* embedding_ = nullptr;  // null: rows come from the entry
  TensorEntry table_;
  AlignedBuffer converted_embedding_;  // of a table that is not row-major
  FloatStore positions_;
  std::vector<std::unique_ptr<RepMixerBlock>> mixers_;
  std::vector<std::unique_ptr<TransformerLayer>> layers_;
  std::unique_ptr<LayerNorm> norm_;
  kernels::PackedMatrix projection_;
};

}  // namespace mobileclip

#endif  // MOBILECLIP_MODEL_TEXT_ENCODER_H_
