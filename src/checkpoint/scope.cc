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
  StoredAs stored{name, shape};
  if (dialect_) stored = dialect_(name, shape);
  fetched_.push_back({stored.name, stored.shape, integer, name});
  Weight out{std::move(name), shape, nullptr};
  if (recording()) return out;
  const TensorEntry* entry = checkpoint_->find(prefix_ + stored.name);
  if (entry == nullptr || !fits(*entry, fetched_.back())) return out;
  const bool as_it_is = !stored.transposed && stored.shape == shape;
  out.entry = as_it_is ? entry : view(*entry, shape, stored.transposed);
  return out;
}

const TensorEntry* WeightSource::view(const TensorEntry& stored, const Shape& shape,
                                      bool transposed) {
  TensorEntry& out = views_.emplace_back(stored);
  if (stored.dtype == DType::kInt8Rows) {
    // Its scales belong to the rows of the stored shape.
    AlignedBuffer& values = widened_.emplace_back(stored.elements());
    read_elements(stored, values.data());
    out.dtype = DType::kFloat32;
    out.row_scale = {};
    out.offset = 0;
    out.storage = std::as_bytes(std::span<const float>(values.data(), stored.elements()));
    uint64_t stride = 1;
    for (size_t i = out.shape.size(); i-- > 0; stride *= out.shape[i]) out.strides[i] = stride;
  }
  if (transposed) {
    std::swap(out.shape[0], out.shape[1]);
    std::swap(out.strides[0], out.strides[1]);
  }
  const auto ones = [](const Shape& of) {
    size_t count = 0;
    while (count < of.size() && of[count] == 1) ++count;
    return static_cast<ptrdiff_t>(count);
  };
  out.strides.erase(out.strides.begin(), out.strides.begin() + ones(out.shape));
  out.strides.insert(out.strides.begin(), shape.size() - out.strides.size(), 0);
  out.shape = shape;
  return &out;
}

}  // namespace mobileclip
