#include "engine/recognise.h"

#include <fmt/format.h>

#include <limits>
#include <optional>

#include "base/error.h"
#include "checkpoint/prefixes.h"
#include "checkpoint/scope.h"
#include "engine/file_metadata.h"
#include "model/clip.h"

namespace mobileclip {
namespace {

/// How far a file is from a variant, under the prefix that fits best.
struct Fit {
  const ModelConfig* config = nullptr;
  std::string prefix;
  Differences differences;
  size_t expected = 0;
  /// Hardly a name in common: another kind of model, not a damaged or altered one of this.
  bool unrelated() const { return differences.missing.size() >= expected - expected / 10; }
};

Fit best_fit(const Checkpoint& checkpoint, const ModelConfig& config) {
  const std::vector<TensorSpec> expected = expected_tensors(config);
  Fit best;
  size_t least = std::numeric_limits<size_t>::max();
  for (const std::string& prefix : candidate_prefixes(checkpoint)) {
    Differences differences = compare(checkpoint, prefix, expected);
    if (differences.count() < least) {
      least = differences.count();
      best = {&config, prefix, std::move(differences), expected.size()};
    }
  }
  return best;
}

Recognised found(const Fit& fit) {
  Recognised out;
  out.config = fit.config;
  out.prefix = fit.prefix;
  out.candidates.emplace_back(fit.config->name);
  if (!fit.config->same_network.empty()) out.candidates.emplace_back(fit.config->same_network);
  return out;
}

/// Refuses what another tool has folded already: its branches are gone.
void refuse_folded(const Checkpoint& checkpoint) {
  for (const TensorEntry& tensor : checkpoint.tensors()) {
    if (tensor.name.find("reparam") == std::string::npos) continue;
    fail(ErrorCode::kUnsupported,
         "{} was already folded (reparameterised) by another tool: it holds {}; use the "
         "training-form "
         "checkpoint as it was published",
         quote(checkpoint.name()), quote(tensor.name));
  }
}

/// A file of ours names its variant; loading checks that its tensors are that variant's.
Recognised recognise_converted(const Checkpoint& checkpoint, const std::string& arch) {
  Fit fit;
  fit.config = &described_variant(checkpoint);
  if (!arch.empty() && fit.config != &require_variant(arch)) {
    if (fit.config->same_network != require_variant(arch).name) {
      fail(ErrorCode::kWrongModel, "{} is a converted {}, not {} as asked for",
           quote(checkpoint.name()), fit.config->name, require_variant(arch).name);
    }
    fit.config = &require_variant(arch);
  }
  return found(fit);
}

}  // namespace

const ModelConfig& require_variant(const std::string& name) {
  if (const ModelConfig* config = find_variant(name)) return *config;
  std::vector<std::string_view> known;
  for (const ModelConfig& config : variants()) known.push_back(config.name);
  fail(ErrorCode::kInvalidArgument, "{} is no known variant; known are {}", quote(name),
       fmt::join(known, ", "));
}

Recognised recognise(const Checkpoint& checkpoint, const std::string& arch) {
  if (checkpoint.is_inference_form()) return recognise_converted(checkpoint, arch);
  std::optional<Fit> nearest;
  if (!arch.empty()) {
    nearest = best_fit(checkpoint, require_variant(arch));
  } else {
    for (const ModelConfig& config : variants()) {
      Fit fit = best_fit(checkpoint, config);
      if (!nearest || fit.differences.count() < nearest->differences.count()) {
        nearest = std::move(fit);
      }
    }
  }
  if (nearest->differences.empty()) return found(*nearest);
  refuse_folded(checkpoint);
  if (arch.empty() && nearest->unrelated()) {
    fail(ErrorCode::kWrongModel,
         "{} holds {} tensors, but it is not a checkpoint of a known variant: nearly all names of "
         "{} "
         "are missing",
         quote(checkpoint.name()), checkpoint.tensors().size(), nearest->config->name);
  }
  fail(ErrorCode::kWrongModel, "{} does not fit {} ({}): {}", quote(checkpoint.name()),
       nearest->config->name, arch.empty() ? "the nearest known variant" : "as asked for",
       nearest->differences.sentence());
}

}  // namespace mobileclip
