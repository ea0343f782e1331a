#include "model/clip.h"

#include <algorithm>
#include <cmath>

#include "config/dialect.h"
#include "model/build_jobs.h"

namespace mobileclip {

ClipWeights ClipWeights::read(const Scope& scope, const ModelConfig& config) {
  ClipWeights out;
  out.logit_scale = scope.weight("logit_scale", {});
  if (config.logit_bias) out.logit_bias = scope.weight("logit_bias", {});
  const Scope image = scope / "image_encoder" / "model";
  if (config.image_tower == ImageTower::kMci) {
    out.image = MciWeights::read(image, config);
  } else if (config.image_tower == ImageTower::kVit) {
    out.image = VitWeights::read(image, config);
  } else {
    out.image = PatchVitWeights::read(image, config);
  }
  out.text = TextWeights::read(scope / "text_encoder", config);
  return out;
}

std::vector<TensorSpec> expected_tensors(const ModelConfig& config) {
  WeightSource recorder(dialect_of(config));
  ClipWeights::read(Scope(recorder), config);
  return recorder.fetched();
}

Clip::Clip(const Checkpoint& checkpoint, const ClipWeights& weights, const ModelConfig& config,
           bool image, bool text, ThreadPool& pool, Foundry& foundry)
    : checkpoint_(checkpoint) {
  // A converted file is looked through for both towers: its tensors are checked as one list.
  BuildJobs jobs;
  // What was packed is not needed again; the file of a converted model is.
  const bool release = checkpoint.is_large() && !foundry.fetches();
  const auto after = [&] {
    if (release) checkpoint.release();
  };
  if (image || foundry.fetches()) {
    foundry.set_building(image);
    if (const auto* mci = std::get_if<MciWeights>(&weights.image)) {
      image_ = std::make_unique<Mci>(*mci, config, jobs);
    } else if (const auto* vit = std::get_if<VitWeights>(&weights.image)) {
      image_ = std::make_unique<Vit>(*vit, config, jobs);
    } else {
      image_ = std::make_unique<PatchVit>(std::get<PatchVitWeights>(weights.image), config, jobs);
    }
    jobs.run(pool, foundry, after);
    if (!image) image_ = nullptr;
  }
  if (text || foundry.fetches()) {
    foundry.set_building(text);
    text_ = std::make_unique<TextEncoder>(weights.text, config, jobs);
    jobs.run(pool, foundry, after);
    if (!text) text_ = nullptr;
  }
  foundry.set_building(true);
  logit_scale_stored_ = foundry.floats(weights.logit_scale);
  if (weights.logit_bias) logit_bias_stored_ = foundry.floats(*weights.logit_bias);
  if (foundry.fetches()) foundry.finish();
  if (weights.logit_bias) logit_bias_ = logit_bias_stored_[0];
  logit_scale_ = static_cast<float>(std::exp(double{logit_scale_stored_[0]}));
  if (!weights.logit_bias) logit_scale_ = std::min(logit_scale_, 100.0f);
}

}  // namespace mobileclip
