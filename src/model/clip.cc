#include "model/clip.h"

#include <algorithm>
#include <cmath>

#include "reparam/values.h"

namespace mobileclip {

ClipWeights ClipWeights::read(const Scope& scope, const ModelConfig& config) {
  ClipWeights out;
  out.logit_scale = scope.weight("logit_scale", {});
  const Scope image = scope / "image_encoder" / "model";
  if (config.image_tower == ImageTower::kMci) {
    out.image = MciWeights::read(image, config);
  } else {
    out.image = VitWeights::read(image, config);
  }
  out.text = TextWeights::read(scope / "text_encoder", config);
  return out;
}

std::vector<TensorSpec> expected_tensors(const ModelConfig& config) {
  WeightSource recorder;
  ClipWeights::read(Scope(recorder), config);
  return recorder.fetched();
}

Clip::Clip(const Checkpoint& checkpoint, const ClipWeights& weights, const ModelConfig& config,
           bool image, bool text, ThreadPool& pool, FoldLog& log)
    : checkpoint_(checkpoint) {
  BuildJobs jobs;
  if (image) {
    if (const auto* mci = std::get_if<MciWeights>(&weights.image)) {
      image_ = std::make_unique<Mci>(*mci, config, jobs);
    } else {
      image_ = std::make_unique<Vit>(std::get<VitWeights>(weights.image), config, jobs);
    }
  }
  if (text) text_ = std::make_unique<TextEncoder>(weights.text, config, jobs);
  jobs.run(pool, log);
  logit_scale_ =
      std::min(static_cast<float>(std::exp(load_values(weights.logit_scale)[0])), 100.0f);
}

}  // namespace mobileclip
