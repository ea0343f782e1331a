#include "model/clip.h"

#include <algorithm>
#include <cmath>

#include "model/build_jobs.h"

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
           bool image, bool text, ThreadPool& pool, Foundry& foundry)
    : checkpoint_(checkpoint) {
  // A converted file is looked through for both towers: its tensors are checked as one list.
  BuildJobs jobs;
  if (image || foundry.fetches()) {
    foundry.set_building(image);
    if (const auto* mci = std::get_if<MciWeights>(&weights.image)) {
      image_ = std::make_unique<Mci>(*mci, config, jobs);
    } else {
      image_ = std::make_unique<Vit>(std::get<VitWeights>(weights.image), config, jobs);
    }
    jobs.run(pool, foundry);
    if (!image) image_ = nullptr;
  }
  if (text || foundry.fetches()) {
    foundry.set_building(text);
    text_ = std::make_unique<TextEncoder>(weights.text, config, jobs);
    jobs.run(pool, foundry);
    if (!text) text_ = nullptr;
  }
  foundry.set_building(true);
  logit_scale_stored_ = foundry.floats(weights.logit_scale);
  if (foundry.fetches()) foundry.finish();
  logit_scale_ = std::min(static_cast<float>(std::exp(double{logit_scale_stored_[0]})), 100.0f);
}

}  // namespace mobileclip
