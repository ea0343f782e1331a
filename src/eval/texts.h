/// Prompts to unit vectors, each distinct prompt once; classifiers made of them (spec §3.1).
#ifndef MOBILECLIP_EVAL_TEXTS_H_
#define MOBILECLIP_EVAL_TEXTS_H_

#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/thread_pool.h"
#include "engine/session.h"
#include "kernels/gemm.h"

namespace mobileclip::eval {

/// Keeps every prompt it has seen: equal prompts have bit-equal vectors. One thread.
class TextCache {
 public:
  /// `session` must outlive this.
  TextCache(Session& session, size_t batch);

  using Progress = std::function<void(size_t done, size_t total)>;
  /// Encodes those that are new. Afterwards row() of each is there.
  void add(std::span<const std::string> prompts, const Progress& progress);
  /// Unit vector of a prompt that was added.
  std::span<const float> row(const std::string& prompt) const;
  size_t dim() const { return dim_; }
  size_t size() const { return index_.size(); }

 private:
  Session& session_;
  size_t batch_, dim_;
  std::unordered_map<std::string, size_t> index_;
  std::vector<float> rows_;
};

/// Classes × dim: for each class the mean of its prompts' unit vectors, of unit length itself.
/// Columns of equal names are bit-equal.
class Classifier {
 public:
  Classifier() = default;
  Classifier(TextCache& texts, std::span<const std::string> names,
             std::span<const std::string> templates, const TextCache::Progress& progress);

  size_t classes() const { return weights_.n(); }
  /// 100 · row · W for n unit rows: n × classes. Bits do not depend on n.
  void scores(ThreadPool& pool, const float* rows, size_t n, std::vector<float>& out) const;

 private:
  kernels::PackedMatrix weights_;
};

/// SHA-256 of names and templates: what a classifier is made of.
std::string prompts_sha256(std::span<const std::string> names,
                           std::span<const std::string> templates);

}  // namespace mobileclip::eval

#endif  // MOBILECLIP_EVAL_TEXTS_H_
