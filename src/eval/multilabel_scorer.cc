// Several classes to an image: mean average precision.
#include <algorithm>
#include <limits>

#include "base/error.h"
#include "eval/classification.h"
#include "eval/scorer_kinds.h"

namespace mobileclip::eval {
namespace {

/// The .npy of an image has a 0 or 1 for each class.
class MultilabelScorer : public Scorer {
 public:
  MultilabelScorer(const DatasetFiles& dataset, TextCache& texts, ThreadPool& pool,
                   const TextCache::Progress& progress)
      : key_(dataset.key),
        pool_(pool),
        classifier_(texts, dataset.class_names, dataset.templates, progress) {}

  void add(const Chunk& chunk, size_t first) override {
    const size_t n = chunk.size() - first, classes = classifier_.classes();
    std::vector<float> scores;
    classifier_.scores(pool_, chunk.rows.data() + first * chunk.dim, n, scores);
    for (size_t i = 0; i < n; ++i) {
      if (chunk.unreadable[first + i] == 0) continue;
      ++unreadable_;
      std::fill_n(scores.begin() + static_cast<ptrdiff_t>(i * classes), classes,
                  -std::numeric_limits<float>::infinity());
    }
    scores_.insert(scores_.end(), scores.begin(), scores.end());
    for (size_t i = first * classes; i < chunk.groups.size(); ++i) {
      targets_.push_back(chunk.groups[i] != 0 ? 1 : 0);
    }
  }

  Outcome finish() override {
    const size_t classes = classifier_.classes();
    if (scores_.empty()) fail(ErrorCode::kNotFound, "{}: there is no image", key_);
    Outcome out{{}, scores_.size() / classes, 0, 0, unreadable_};
    out.metrics.set("mean_average_precision", mean_average_precision(scores_, targets_, classes));
    return out;
  }

 private:
  std::string key_;
  ThreadPool& pool_;
  Classifier classifier_;
  std::vector<float> scores_;
  std::vector<uint8_t> targets_;
  uint64_t unreadable_ = 0;
};

}  // namespace

std::unique_ptr<Scorer> multilabel_scorer(const DatasetFiles& dataset, TextCache& texts,
                                          ThreadPool& pool, const TextCache::Progress& progress) {
  return std::make_unique<MultilabelScorer>(dataset, texts, pool, progress);
}

}  // namespace mobileclip::eval
