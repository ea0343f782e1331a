#include "layers/foundry.h"

#include <bit>
#include <cstdint>
#include <iterator>
#include <span>
#include <utility>

#include "base/error.h"
#include "reparam/values.h"

namespace mobileclip {
namespace {

constexpr size_t kAlignment = 64;  // what the kernels' aligned loads need

/// The elements of a 16-bit tensor as they lie; empty if they cannot be used so.
std::span<const uint16_t> mapped_narrow(const TensorEntry* entry) {
  if (entry == nullptr || !entry->contiguous()) return {};
  if (entry->dtype != DType::kFloat16 && entry->dtype != DType::kBFloat16) return {};
  const std::byte* at = entry->storage.data() + entry->offset * sizeof(uint16_t);
  if (std::bit_cast<uintptr_t>(at) % alignof(uint16_t) != 0) return {};
  return {reinterpret_cast<const uint16_t*>(at), entry->elements()};
}

template <typename T>
void append(std::vector<T>& to, std::vector<T> from) {
  to.insert(to.end(), std::make_move_iterator(from.begin()), std::make_move_iterator(from.end()));
}

}  // namespace

Foundry Foundry::listing() {
  Foundry out;
  out.listing_ = true;
  return out;
}

Foundry Foundry::fetching(const Checkpoint& converted, bool list) {
  Foundry out;
  out.converted_ = &converted;
  out.listing_ = list;
  return out;
}

Foundry Foundry::part() const {
  Foundry out;
  out.converted_ = converted_;
  out.listing_ = listing_;
  out.building_ = building_;
  out.precision_ = precision_;
  return out;
}

void Foundry::absorb(Foundry part) {
  append(log_, std::move(part.log_));
  append(kept_, std::move(part.kept_));
  append(fetched_, std::move(part.fetched_));
}

const TensorEntry* Foundry::fetch(const std::string& name, const Shape& shape) {
  fetched_.push_back({name, shape});
  const TensorEntry* entry = converted_->find(name);
  const bool fits = entry != nullptr && is_floating(entry->dtype) && entry->shape == shape;
  return fits && building_ ? entry : nullptr;
}

FloatStore Foundry::fetch_floats(const std::string& name, const Shape& shape) {
  const TensorEntry* entry = fetch(name, shape);
  return entry == nullptr ? FloatStore() : floats_of(*entry);  // finish() tells
}

FloatStore Foundry::floats_of(const TensorEntry& entry) {
  const float* mapped = mapped_floats(entry);
  if (mapped != nullptr && std::bit_cast<uintptr_t>(mapped) % kAlignment == 0) {
    return FloatStore::view(mapped, entry.elements());
  }
  AlignedBuffer copy(entry.elements());
  read_elements(entry, copy.data());
  converted_->file().release(entry.storage);  // a copy is enough
  return FloatStore(std::move(copy));
}

void Foundry::keep(const std::string& name, const Shape& shape, const float* floats,
                   bool may_be_narrow) {
  if (listing_) kept_.push_back({name, shape, may_be_narrow, floats, nullptr});
}

kernels::PackedMatrix Foundry::matrix(
    const std::string& path, size_t n, size_t k,
    const std::function<kernels::PackedMatrix(size_t width)>& fold) {
  constexpr size_t kWidth = kernels::kStoredPanelWidth;
  const size_t panels = kernels::stored_panels(n);
  const Shape shape{panels, k, kWidth};
  const Shape bias_shape{panels * kWidth};
  kernels::PackedMatrix out;
  if (fetches()) {
    const TensorEntry* entry = fetch(path + ".weight", shape);
    FloatStore bias = fetch_floats(path + ".bias", bias_shape);
    if (const auto narrow = mapped_narrow(entry); !narrow.empty() && !listing_) {
      out = kernels::PackedMatrix::from_stored(narrow, entry->dtype, std::move(bias), n, k);
    } else {
      out = kernels::PackedMatrix::from_stored(entry == nullptr ? FloatStore() : floats_of(*entry),
                                               std::move(bias), n, k);
    }
  } else {
    out = fold(listing_ ? kWidth : 0);
  }
  out.set_precision(precision_);
  keep(path + ".weight", shape, out.panels(), true);
  keep(path + ".bias", bias_shape, out.bias(), false);
  return out;
}

kernels::PackedDepthwise Foundry::depthwise(const std::string& path, const Depthwise& d,
                                            const std::function<kernels::PackedDepthwise()>& fold) {
  const Shape shape{d.kh, d.kw, d.multiplier, d.channels};
  const Shape bias_shape{d.multiplier, d.channels};
  kernels::PackedDepthwise out;
  if (fetches()) {
    FloatStore weight = fetch_floats(path + ".weight", shape);
    out = kernels::PackedDepthwise::from_stored(std::move(weight),
                                                fetch_floats(path + ".bias", bias_shape),
                                                d.channels, d.multiplier, d.kh, d.kw, d.stride);
  } else {
    out = fold();
  }
  keep(path + ".weight", shape, out.weights(), true);
  keep(path + ".bias", bias_shape, out.bias(), false);
  return out;
}

FloatStore Foundry::floats(const Weight& weight) {
  FloatStore out;
  if (fetches()) {
    out = fetch_floats(weight.name, weight.shape);
  } else {
    const std::vector<double> values = load_values(weight);
    AlignedBuffer rounded(values.size());
    for (size_t i = 0; i < values.size(); ++i) rounded[i] = static_cast<float>(values[i]);
    out = FloatStore(std::move(rounded));
  }
  keep(weight.name, weight.shape, out.data(), false);
  return out;
}

const TensorEntry* Foundry::table(const Weight& weight) {
  const TensorEntry* entry = nullptr;
  if (fetches()) {
    entry = fetch(weight.name, weight.shape);
  } else {
    require_sound(weight);
    entry = weight.entry;
  }
  if (listing_) kept_.push_back({weight.name, weight.shape, true, nullptr, entry});
  return entry;
}

void Foundry::finish() const {
  const Differences differences = compare(*converted_, "", fetched_);
  if (differences.empty()) return;
  fail(ErrorCode::kDamaged, "{} is a converted file whose tensors are not those of its variant: {}",
       quote(converted_->name()), differences.sentence());
}

}  // namespace mobileclip
