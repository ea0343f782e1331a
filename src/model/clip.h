/// Both towers and the scale between them.
#ifndef MOBILECLIP_MODEL_CLIP_H_
#define MOBILECLIP_MODEL_CLIP_H_

#include <memory>
#include <optional>
#include <variant>

#include "checkpoint/checkpoint.h"
#include "config/model_config.h"
#include "model/mci.h"
#include "model/patch_vit.h"
#include "model/text_encoder.h"
#include "model/vit.h"

namespace mobileclip {

/// The whole training form: views of a checkpoint's tensors, or only their names and shapes when
/// the scope is recording.
struct ClipWeights {
  Weight logit_scale;
  std::optional<Weight> logit_bias;
  std::variant<MciWeights, VitWeights, PatchVitWeights> image;
  TextWeights text;
  static ClipWeights read(const Scope& scope, const ModelConfig& config);
};

/// The names and shapes a file of this variant holds, in the order of our module tree.
std::vector<TensorSpec> expected_tensors(const ModelConfig& config);

/// Inference form; immutable, thread-safe. A tower that was not asked for is null.
class Clip {
 public:
  /// `checkpoint` is what `weights` or the foundry read: its bytes are kept.
  Clip(const Checkpoint& checkpoint, const ClipWeights& weights, const ModelConfig& config,
       bool image, bool text, ThreadPool& pool, Foundry& foundry);

  const ImageEncoder* image() const { return image_.get(); }
  const TextEncoder* text() const { return text_.get(); }
  /// exp(stored); at most 100 where there is no bias.
  float logit_scale() const { return logit_scale_; }
  /// As stored; 0 where there is none.
  float logit_bias() const { return logit_bias_; }

 private:
  Checkpoint checkpoint_;  // keeps the mapped bytes alive
  std::unique_ptr<const ImageEncoder> image_;
  std::unique_ptr<const TextEncoder> text_;
  FloatStore logit_scale_stored_, logit_bias_stored_;  // a list of the weights points to them
  float logit_scale_ = 0;
  float logit_bias_ = 0;
};

}  // namespace mobileclip

#endif  // MOBILECLIP_MODEL_CLIP_H_
