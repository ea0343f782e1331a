// FairFace and UTKFace: one classifier for each question about a face.
#include "eval/class_files.h"
#include "eval/classification.h"
#include "eval/scorer_kinds.h"

namespace mobileclip::eval {
namespace {

class FaceScorer : public Scorer {
 public:
  FaceScorer(const DatasetFiles& dataset, TextCache& texts, ThreadPool& pool,
             const TextCache::Progress& progress)
      : pool_(pool) {
    for (const std::string_view objective : kFaceObjectives) {
      heads_.emplace_back(texts, lines_of_objective(dataset.class_names, objective),
                          lines_of_objective(dataset.templates, objective), progress);
    }
  }

  void add(const Chunk& chunk, size_t first) override {
    const size_t n = chunk.size() - first, before = predictions_.size();
    predictions_.resize(before + n);
    for (size_t h = 0; h < heads_.size(); ++h) {
      heads_[h].scores(pool_, chunk.rows.data() + first * chunk.dim, n, scores_);
      const size_t classes = heads_[h].classes();
      for (size_t i = 0; i < n; ++i) {
        const auto row = std::span(scores_).subspan(i * classes, classes);
        const bool bad = chunk.unreadable[first + i] != 0;
        predictions_[before + i][h] = bad ? -1 : predict(row, 0).argmax;
        unreadable_ += bad && h == 0 ? 1 : 0;
      }
    }
    add_groups_of(chunk, first, groups_);
  }

  Outcome finish() override {
    return {face_metrics(predictions_, groups_), predictions_.size(), 0, 0, unreadable_};
  }

 private:
  ThreadPool& pool_;
  std::vector<Classifier> heads_;
  std::vector<FacePrediction> predictions_;
  std::vector<float> scores_;
  GroupTable groups_;
  uint64_t unreadable_ = 0;
};

}  // namespace

std::unique_ptr<Scorer> face_scorer(const DatasetFiles& dataset, TextCache& texts, ThreadPool& pool,
                                    const TextCache::Progress& progress) {
  return std::make_unique<FaceScorer>(dataset, texts, pool, progress);
}

}  // namespace mobileclip::eval
