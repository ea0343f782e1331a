/// Where layers get their inference-form tensors: folded now, or found in a converted file.
#ifndef MOBILECLIP_LAYERS_FOUNDRY_H_
#define MOBILECLIP_LAYERS_FOUNDRY_H_

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "base/float_store.h"
#include "checkpoint/scope.h"
#include "kernels/depthwise.h"
#include "kernels/gemm.h"

namespace mobileclip {

/// An inference-form tensor as a converted file holds it. The bytes belong to the layer.
struct StoredTensor {
  std::string name;
  Shape shape;
  bool may_be_narrow = false;  ///< a 16-bit file holds it in 16 bits
  const float* floats = nullptr;
  const TensorEntry* table = nullptr;  ///< instead of `floats`: the token table as it lies
};

/// Every layer asks this for its tensors by name, with the shape and the way to fold them. A copy
/// from part() works for one layer on one thread; absorb() joins what it noted.
class Foundry {
 public:
  /// Folds, packed for the instruction set in use.
  Foundry() = default;
  /// Folds, packed as files hold it, and lists every tensor: kept().
  static Foundry listing();
  /// Fetches from a file in inference form, whose bytes verify() found sound; float32 tensors and
  /// 16-bit matrices are used where they lie. `list` as for listing(). The checkpoint must outlive
  /// all layers.
  static Foundry fetching(const Checkpoint& converted, bool list);

  /// While false, tensors of a converted file are looked up but not prepared for use: for the tower
  /// that nobody asked for.
  void set_building(bool building) { building_ = building; }
  /// Of all matrices from now on.
  void set_precision(kernels::Precision precision) { precision_ = precision; }
  bool fetches() const { return converted_ != nullptr; }

  kernels::PackedMatrix matrix(const std::string& path, size_t n, size_t k,
                               const std::function<kernels::PackedMatrix(size_t width)>& fold);
  struct Depthwise {
    size_t channels, multiplier, kh, kw, stride;
  };
  kernels::PackedDepthwise depthwise(const std::string& path, const Depthwise& shape,
                                     const std::function<kernels::PackedDepthwise()>& fold);
  /// Values as float32, e.g. of a norm.
  FloatStore floats(const Weight& weight);
  /// The token table where it lies, checked to be finite.
  const TensorEntry* table(const Weight& weight);

  /// What was folded, a line each: "name: parts -> result".
  void log(std::string line) { log_.push_back(std::move(line)); }
  std::vector<std::string>& log() { return log_; }

  Foundry part() const;
  void absorb(Foundry part);

  /// In the order of the module tree. Empty unless listing.
  const std::vector<StoredTensor>& kept() const { return kept_; }
  /// After fetching: throws one kDamaged listing every missing, mis-shaped and unread tensor.
  void finish() const;

 private:
  const TensorEntry* fetch(const std::string& name, const Shape& shape);
  FloatStore fetch_floats(const std::string& name, const Shape& shape);
  FloatStore floats_of(const TensorEntry& entry);
  void keep(const std::string& name, const Shape& shape, const float* floats, bool may_be_narrow);

  const Checkpoint* converted_ = nullptr;
  bool listing_ = false;
  bool building_ = true;
  kernels::Precision precision_ = kernels::Precision::kFloat32;
  std::vector<std::string> log_;
  std::vector<StoredTensor> kept_;
  std::vector<TensorSpec> fetched_;
};

}  // namespace mobileclip

#endif  // MOBILECLIP_LAYERS_FOUNDRY_H_
