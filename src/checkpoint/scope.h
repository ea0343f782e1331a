/// A cursor into a checkpoint's names: code that reads weights has the shape of the module tree.
#ifndef MOBILECLIP_CHECKPOINT_SCOPE_H_
#define MOBILECLIP_CHECKPOINT_SCOPE_H_

#include <deque>
#include <functional>
#include <string>
#include <string_view>
#include <unordered_set>
#include <utility>
#include <vector>

#include "base/aligned_buffer.h"
#include "checkpoint/checkpoint.h"

namespace mobileclip {

/// A tensor fetched by name: a view, or only name and shape while recording.
struct Weight {
  std::string name;
  Shape shape;
  const TensorEntry* entry = nullptr;
};

/// What a model expects to find.
struct TensorSpec {
  std::string name;
  Shape shape;
  bool integer = false;   ///< num_batches_tracked
  std::string ours = {};  ///< what the module tree calls it, where the file has another name
};

/// How a file names and stores a tensor of the module tree.
struct StoredAs {
  std::string name;
  Shape shape;              ///< ours, or with fewer or more leading ones
  bool transposed = false;  ///< of two dimensions, stored the other way round
};

/// From our name and shape to the file's. Empty: they are the same.
using Dialect = std::function<StoredAs(const std::string& name, const Shape& shape)>;

/// How a file differs from what is expected.
struct Differences {
  struct Shaped {
    std::string name, expected, found;
  };
  std::vector<std::string> missing, unexpected;
  std::vector<Shaped> misshaped;
  size_t count() const { return missing.size() + unexpected.size() + misshaped.size(); }
  bool empty() const { return count() == 0; }
  /// Every one of them in one sentence.
  std::string sentence() const;
};

/// Compares names, shapes and kinds of the tensors under `prefix` with `expected`.
Differences compare(const Checkpoint& checkpoint, const std::string& prefix,
                    const std::vector<TensorSpec>& expected);

/// Where a Scope looks: a checkpoint, or nothing while the names and shapes are recorded. Weights
/// that the file stores in another shape are views that live as long as this.
class WeightSource {
 public:
  explicit WeightSource(Dialect dialect = {}) : dialect_(std::move(dialect)) {}
  /// Names in the file carry `prefix`. The checkpoint must outlive this.
  WeightSource(const Checkpoint& checkpoint, std::string prefix, Dialect dialect = {})
      : checkpoint_(&checkpoint), prefix_(std::move(prefix)), dialect_(std::move(dialect)) {}
  WeightSource(const WeightSource&) = delete;
  WeightSource& operator=(const WeightSource&) = delete;

  bool recording() const { return checkpoint_ == nullptr; }
  /// Everything asked for so far, in order, as the file names it.
  const std::vector<TensorSpec>& fetched() const { return fetched_; }
  /// Throws one kWrongModel that lists every missing, mis-shaped and unread tensor; `what` names
  /// the file and the variant. Silent if all fit.
  void finish(const std::string& what) const;

 private:
  friend class Scope;
  Weight fetch(std::string name, const Shape& shape, bool integer);
  /// The stored tensor seen in the shape that was asked for.
  const TensorEntry* view(const TensorEntry& stored, const Shape& shape, bool transposed);

  const Checkpoint* checkpoint_ = nullptr;
  std::string prefix_;
  Dialect dialect_;
  std::vector<TensorSpec> fetched_;
  std::deque<TensorEntry> views_;
  std::deque<AlignedBuffer> widened_;
};

/// A place in the module tree. Cheap to copy; the source must outlive it.
class Scope {
 public:
  explicit Scope(WeightSource& source, std::string path = "")
      : source_(&source), path_(std::move(path)) {}

  Scope operator/(std::string_view child) const { return Scope(*source_, join(child)); }
  Scope operator/(const char* child) const { return *this / std::string_view(child); }
  Scope operator/(size_t index) const { return *this / std::string_view(std::to_string(index)); }
  Scope operator/(int index) const { return *this / static_cast<size_t>(index); }

  /// A floating tensor of exactly this shape. One that is missing or different comes back without
  /// an entry; WeightSource::finish() reports it.
  Weight weight(std::string_view leaf, const Shape& shape) const {
    return source_->fetch(join(leaf), shape, false);
  }
  /// A counter that inference does not need (num_batches_tracked): an integer scalar.
  void counter(std::string_view leaf) const { source_->fetch(join(leaf), {}, true); }

  const std::string& path() const { return path_; }

 private:
  std::string join(std::string_view leaf) const {
    return path_.empty() ? std::string(leaf) : path_ + "." + std::string(leaf);
  }
  WeightSource* source_;
  std::string path_;
};

}  // namespace mobileclip

#endif  // MOBILECLIP_CHECKPOINT_SCOPE_H_
