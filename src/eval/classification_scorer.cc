// Plain classification, with metrics by group where the dataset has groups.
#include <algorithm>

#include "base/error.h"
#include "eval/classification.h"
#include "eval/scorer_kinds.h"

namespace mobileclip::eval {
namespace {

/// C and W, with a second classifier where there are empty class names.
class ClassificationScorer : public Scorer {
 public:
  ClassificationScorer(const DatasetFiles& dataset, bool drop_blank, TextCache& texts,
                       ThreadPool& pool, const TextCache::Progress& progress)
      : key_(dataset.key), grouped_(dataset.evaluator == Evaluator::kGroups), pool_(pool) {
    std::vector<std::string> dropped = dataset.class_names;
    std::erase(dropped, "");
    const bool blank = dropped.size() != dataset.class_names.size();
    const auto& kept = dataset.class_names;
    heads_.emplace_back(texts, drop_blank ? dropped : kept, dataset.templates, progress);
    if (blank) {
      heads_.emplace_back(texts, drop_blank ? kept : dropped, dataset.templates, progress);
      other_ = drop_blank ? "acc1_blank_kept" : "acc1_blank_dropped";
    }
    predictions_.resize(heads_.size());
  }

  void add(const Chunk& chunk, size_t first) override {
    const size_t n = chunk.size() - first;
    for (size_t h = 0; h < heads_.size(); ++h) {
      heads_[h].scores(pool_, chunk.rows.data() + first * chunk.dim, n, scores_);
      const size_t classes = heads_[h].classes();
      for (size_t i = 0; i < n; ++i) {
        const bool bad = chunk.unreadable[first + i] != 0;
        const int64_t label = chunk.labels[first + i];
        predictions_[h].push_back(
            bad ? unread_prediction(label)
                : predict(std::span(scores_).subspan(i * classes, classes), label));
        if (h > 0) continue;
        unreadable_ += bad ? 1 : 0;
        hits_ += predictions_[h].back().rank == 0 ? 1 : 0;
      }
    }
    add_groups_of(chunk, first, groups_);
  }

  std::optional<double> running() const override {
    if (predictions_[0].empty()) return std::nullopt;
    return static_cast<double>(hits_) / static_cast<double>(predictions_[0].size());
  }

  Outcome finish() override {
    const std::vector<Prediction>& main = predictions_[0];
    if (main.empty()) fail(ErrorCode::kNotFound, "{}: there is no image", key_);
    Outcome out{classification_metrics(main, heads_[0].classes()), main.size(), 0, 0, unreadable_};
    out.ties = tied_images(main, heads_[0].classes() >= 5 ? 5 : 1);
    if (grouped_) {
      const Metrics more = group_metrics(key_, main, groups_);
      for (const auto& [name, value] : more.values()) {
        out.metrics.set(name, value);
      }
    }
    if (!other_.empty()) out.metrics.set(other_, accuracy(predictions_[1], 1));
    return out;
  }

 private:
  std::string key_, other_;
  bool grouped_;
  ThreadPool& pool_;
  std::vector<Classifier> heads_;
  std::vector<std::vector<Prediction>> predictions_;  // by head
  std::vector<float> scores_;
  GroupTable groups_;
  uint64_t hits_ = 0, unreadable_ = 0;
};

}  // namespace

std::unique_ptr<Scorer> classification_scorer(const DatasetFiles& dataset, bool drop_blank,
                                              TextCache& texts, ThreadPool& pool,
                                              const TextCache::Progress& progress) {
  return std::make_unique<ClassificationScorer>(dataset, drop_blank, texts, pool, progress);
}

}  // namespace mobileclip::eval
