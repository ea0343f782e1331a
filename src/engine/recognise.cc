#include "engine/recognise.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <optional>

#include "base/error.h"
#include "checkpoint/prefixes.h"
#include "checkpoint/scope.h"
#include "config/dialect.h"
#include "config/open_clip_config.h"
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

/// Whether the file holds the token table of the variant, under some prefix: a quick look before
/// all names are compared.
bool may_be(const Checkpoint& checkpoint, const std::vector<std::string>& prefixes,
            const ModelConfig& config) {
  const Dialect dialect = dialect_of(config);
  StoredAs table{
      "text_encoder.embedding_layer.weight",
      {static_cast<uint64_t>(config.text.vocabulary), static_cast<uint64_t>(config.text.width)}};
  if (dialect) table = dialect(table.name, table.shape);
  return std::ranges::any_of(prefixes, [&](const std::string& prefix) {
    const TensorEntry* entry = checkpoint.find(prefix + table.name);
    return entry != nullptr && entry->shape == table.shape;
  });
}

Recognised found(const Fit& fit) {
  Recognised out;
  out.config = fit.config;
  out.effective = *fit.config;
  out.prefix = fit.prefix;
  for (const std::string_view name : same_networks(*fit.config)) out.candidates.emplace_back(name);
  return out;
}

/// Of the networks whose tensors the file holds, the one that the configuration beside it tells.
Recognised choose(const Checkpoint& checkpoint, std::vector<Fit> fits, bool asked) {
  std::optional<OpenClipConfig> beside;
  if (fits.front().config->dialect == "open_clip") {
    beside = parse_open_clip_config(checkpoint.open_clip_config(), checkpoint.name());
  }
  if (beside) {
    const Fit first = fits.front();
    std::erase_if(fits,
                  [&](const Fit& fit) { return !beside->contradiction(*fit.config).empty(); });
    if (fits.empty()) {
      fail(ErrorCode::kUnsupported,
           "{} has the tensors of {}, but in the open_clip_config.json beside it {}: no network "
           "like that is known",
           quote(checkpoint.name()), first.config->name, beside->contradiction(*first.config));
    }
  }
  std::vector<std::string_view> names;
  for (const Fit& fit : fits) {
    const bool told = std::ranges::any_of(names, [&](std::string_view name) {
      return same_network(*find_variant(name), *fit.config);
    });
    if (!told) names.push_back(fit.config->name);
  }
  if (names.size() > 1 && !asked) {
    fail(ErrorCode::kInvalidArgument,
         "{} holds tensors that are those of several networks: say which with --arch, one of {}, "
         "or put its open_clip_config.json beside it",
         quote(checkpoint.name()), fmt::join(names, ", "));
  }
  Recognised out = found(fits.front());
  if (beside && beside->has_contract()) {
    out.effective = beside->applied_to(out.effective);
    out.contract_is_stated = true;
  }
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
  const ModelConfig described = described_variant(checkpoint);
  fit.config = find_variant(described.name);
  if (!arch.empty() && fit.config != &require_variant(arch)) {
    if (!same_network(*fit.config, require_variant(arch))) {
      fail(ErrorCode::kWrongModel, "{} is a converted {}, not {} as asked for",
           quote(checkpoint.name()), fit.config->name, require_variant(arch).name);
    }
    fit.config = &require_variant(arch);
  }
  Recognised out = found(fit);
  out.effective = described;
  out.effective.name = fit.config->name;
  out.contract_is_stated = true;
  return out;
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
  std::vector<Fit> fits;
  std::optional<Fit> nearest;
  const auto consider = [&](const ModelConfig& config) {
    Fit fit = best_fit(checkpoint, config);
    if (fit.differences.empty()) {
      fits.push_back(std::move(fit));
    } else if (!nearest || fit.differences.count() < nearest->differences.count()) {
      nearest = std::move(fit);
    }
  };
  const std::vector<std::string> prefixes = candidate_prefixes(checkpoint);
  if (!arch.empty()) {
    consider(require_variant(arch));
  } else {
    for (const ModelConfig& config : variants()) {
      if (may_be(checkpoint, prefixes, config)) consider(config);
    }
  }
  if (!fits.empty()) {
    Recognised out = choose(checkpoint, std::move(fits), !arch.empty());
    // The compact form has the tensors of the training form, and states what they were trained on.
    const auto format = checkpoint.metadata().find("format");
    if (format != checkpoint.metadata().end() && format->second == "mobileclip") {
      require_contract(checkpoint, *out.config);
    }
    return out;
  }
  if (arch.empty()) {
    for (const ModelConfig& config : variants()) {
      if (!may_be(checkpoint, prefixes, config)) consider(config);
    }
  }
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
