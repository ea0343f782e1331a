#include "checkpoint/scope.h"

#include <fmt/format.h>

#include "base/error.h"

namespace mobileclip {
namespace {

/// "64x3x3x3", with the kind where that is what differs.
std::string described(const TensorEntry& entry, const TensorSpec& spec) {
  const bool same_kind = is_floating(entry.dtype) != spec.integer;
  return same_kind ? shape_string(entry.shape)
                   : fmt::format("{} {}", dtype_name(entry.dtype), shape_string(entry.shape));
}

bool fits(const TensorEntry& entry, const TensorSpec& spec) {
  return entry.shape == spec.shape && is_floating(entry.dtype) != spec.integer;
}

}  // namespace

std::string Differences::sentence() const {
  std::vector<std::string> parts;
  if (!missing.empty()) {
    parts.push_back(fmt::format("{} missing ({})", missing.size(), fmt::join(missing, ", ")));
  }
  if (!unexpected.empty()) {
    parts.push_back(
        fmt::format("{} unexpected ({})", unexpected.size(), fmt::join(unexpected, ", ")));
  }
  if (!misshaped.empty()) {
    std::vector<std::string> lines;
    for (const Shaped& tensor : misshaped) {
      lines.push_back(
          fmt::format("{} expected {} found {}", tensor.name, tensor.expected, tensor.found));
    }
    parts.push_back(
        fmt::format("{} of another shape or type ({})", misshaped.size(), fmt::join(lines, ", ")));
  }
  return fmt::format("tensors: {}", fmt::join(parts, "; "));
}

Differences compare(const Checkpoint& checkpoint, const std::string& prefix,
                    const std::vector<TensorSpec>& expected) {
  Differences out;
  std::unordered_set<std::string> known;
  for (const TensorSpec& spec : expected) {
    known.insert(prefix + spec.name);
    const TensorEntry* entry = checkpoint.find(prefix + spec.name);
    if (entry == nullptr) {
      out.missing.push_back(spec.name);
    } else if (!fits(*entry, spec)) {
      out.misshaped.push_back({spec.name, shape_string(spec.shape), described(*entry, spec)});
    }
  }
  for (const TensorEntry& entry : checkpoint.tensors()) {
    if (entry.name.starts_with(prefix) && !known.contains(entry.name)) {
      out.unexpected.push_back(entry.name.substr(prefix.size()));
    }
  }
  return out;
}

void WeightSource::finish(const std::string& what) const {
  if (recording()) return;
  const Differences differences = compare(*checkpoint_, prefix_, fetched_);
  if (!differences.empty()) {
    fail(ErrorCode::kWrongModel, "cannot load {}: {}", what, differences.sentence());
  }
}

Weight WeightSource::fetch(std::string name, const Shape& shape, bool integer) {
  fetched_.push_back({name, shape, integer});
  Weight out{std::move(name), shape, nullptr};
  if (recording()) return out;
  const TensorEntry* entry = checkpoint_->find(prefix_ + out.name);
  if (entry != nullptr && fits(*entry, fetched_.back())) out.entry = entry;
  return out;
}

}  // namespace mobileclip
