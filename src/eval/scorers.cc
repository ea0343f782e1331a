#include "eval/scorers.h"

#include <algorithm>
#include <limits>
#include <map>
#include <utility>

#include "base/error.h"
#include "eval/class_files.h"
#include "eval/classification.h"
#include "eval/groups.h"
#include "eval/retrieval.h"
#include "eval/winogavil.h"

namespace mobileclip::eval {
namespace {

constexpr std::string_view kProtocol = "datacomp", kOldProtocol = "datacomp-1.4";

void add_groups_of(const Chunk& chunk, size_t first, GroupTable& table) {
  table.columns = chunk.group_columns;
  const auto from = chunk.groups.begin() + static_cast<ptrdiff_t>(first * chunk.group_columns);
  table.values.insert(table.values.end(), from, chunk.groups.end());
}

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

class RetrievalScorer : public Scorer {
 public:
  RetrievalScorer(std::string key, TextCache& texts, ThreadPool& pool, TextCache::Progress progress)
      : key_(std::move(key)), texts_(texts), pool_(pool), progress_(std::move(progress)) {}

  void add(const Chunk& chunk, size_t first) override {
    images_.insert(images_.end(), chunk.rows.begin() + static_cast<ptrdiff_t>(first * chunk.dim),
                   chunk.rows.end());
    unreadable_.insert(unreadable_.end(), chunk.unreadable.begin() + static_cast<ptrdiff_t>(first),
                       chunk.unreadable.end());
  }

  void end_of(const Chunk& chunk) override {
    for (const std::vector<std::string>& own : chunk.captions) {
      owner_.insert(owner_.end(), own.size(), static_cast<uint32_t>(count_));
      captions_.insert(captions_.end(), own.begin(), own.end());
      ++count_;
    }
  }

  Outcome finish() override {
    if (captions_.empty()) fail(ErrorCode::kNotFound, "{}: there is no caption", key_);
    texts_.add(captions_, progress_);
    const size_t dim = texts_.dim(), images = unreadable_.size();
    std::vector<float> rows;
    for (const std::string& caption : captions_) {
      const std::span<const float> row = texts_.row(caption);
      rows.insert(rows.end(), row.begin(), row.end());
    }
    const ScoreBlock dots = dot_products(rows, images_, dim, pool_);
    const ScoreBlock scores = [&](size_t first, size_t n, float* out) {
      dots(first, n, out);
      for (size_t i = 0; i < images; ++i) {
        for (size_t t = 0; unreadable_[i] != 0 && t < n; ++t) {
          out[t * images + i] = -std::numeric_limits<float>::infinity();
        }
      }
    };
    Outcome out{retrieval_metrics(retrieval_ranks(images, owner_, scores)), images,
                captions_.size(), 0, 0};
    out.unreadable = static_cast<uint64_t>(std::ranges::count(unreadable_, 1));
    return out;
  }

 private:
  std::string key_;
  TextCache& texts_;
  ThreadPool& pool_;
  TextCache::Progress progress_;
  std::vector<float> images_;
  std::vector<uint8_t> unreadable_;
  std::vector<std::string> captions_;
  std::vector<uint32_t> owner_;
  size_t count_ = 0;
};

class WinogavilScorer : public Scorer {
 public:
  WinogavilScorer(const DatasetFiles& dataset, uint64_t limit, TextCache& texts,
                  TextCache::Progress progress)
      : key_(dataset.key),
        limit_(limit),
        instances_(dataset.instances),
        texts_(texts),
        progress_(std::move(progress)) {}

  void add(const Chunk& chunk, size_t first) override {
    for (size_t i = first; i < chunk.size(); ++i) {
      if (chunk.unreadable[i] != 0) continue;
      const auto from = chunk.rows.begin() + static_cast<ptrdiff_t>(i * chunk.dim);
      images_[chunk.keys[i]].assign(from, from + static_cast<ptrdiff_t>(chunk.dim));
    }
  }

  void end_of(const Chunk& chunk) override {
    for (const std::string& json : chunk.instances) {
      instances_.push_back(parse_instance(json, key_));
    }
  }

  Outcome finish() override {
    if (limit_ > 0 && instances_.size() > limit_) instances_.resize(limit_);
    if (instances_.empty()) fail(ErrorCode::kNotFound, "{}: there is no instance", key_);
    std::vector<std::string> prompts;
    for (const Instance& instance : instances_) prompts.push_back(winogavil_prompt(instance.cue));
    texts_.add(prompts, progress_);
    std::vector<WinogavilResult> results;
    for (size_t i = 0; i < instances_.size(); ++i) {
      std::vector<float> scores;
      for (const std::string& name : instances_[i].candidates) {
        const auto image = images_.find(name);
        if (image == images_.end()) {
          fail(ErrorCode::kNotFound, "{}: there is no image of the candidate {}", key_,
               quote(name));
        }
        scores.push_back(static_cast<float>(cosine(image->second, texts_.row(prompts[i]))));
      }
      results.push_back({scores.size(), winogavil_jaccard(scores, instances_[i].is_true)});
    }
    return {winogavil_metrics(results), results.size(), 0, 0, 0};
  }

 private:
  std::string key_;
  uint64_t limit_;
  std::vector<Instance> instances_;
  std::map<std::string, std::vector<float>> images_;
  TextCache& texts_;
  TextCache::Progress progress_;
};

/// How many a metric was measured on; 0: it is no such share.
uint64_t measured_on(const std::string& name, double value, const Metrics& metrics,
                     const Outcome& outcome) {
  if (name.starts_with("image_retrieval_recall")) return outcome.captions;
  if (name.starts_with("text_retrieval_recall")) return outcome.n;
  if (!name.starts_with("acc") && !name.starts_with("toxicity_")) return 0;
  const bool worst = name.ends_with("_wg") || name.find("_worst_") != std::string::npos;
  const std::string stem = name.ends_with("_wg") ? name.substr(0, name.size() - 2) : "acc_";
  const bool one_group = name.find(':') != std::string::npos;
  if (!worst && !one_group) return outcome.n;
  for (const auto& [count, number] : metrics.values()) {
    if (!count.starts_with("count_") || !number) continue;
    const std::string group = count.substr(count.find('_') + 1);
    if (one_group && name.ends_with("_" + group)) return static_cast<uint64_t>(*number);
    // The worst is the group of that value; of its own field where the name says one.
    const std::string field = group.substr(0, group.find(':'));
    const bool own_field = name.ends_with("_wg") || name.find("_" + field) != std::string::npos;
    const Metrics::Value* same = metrics.find(stem + group);
    if (worst && own_field && same != nullptr && *same == value) {
      return static_cast<uint64_t>(*number);
    }
  }
  return 0;
}

}  // namespace

std::unique_ptr<Scorer> make_scorer(const DatasetFiles& dataset, const std::string& protocol,
                                    uint64_t limit, TextCache& texts, ThreadPool& pool,
                                    const TextCache::Progress& progress) {
  if (protocol != kProtocol && protocol != kOldProtocol) {
    fail(ErrorCode::kInvalidArgument, "the protocol {} is not known: {} or {}", quote(protocol),
         kProtocol, kOldProtocol);
  }
  switch (dataset.evaluator) {
    case Evaluator::kFaces:
      return std::make_unique<FaceScorer>(dataset, texts, pool, progress);
    case Evaluator::kMultilabel:
      return std::make_unique<MultilabelScorer>(dataset, texts, pool, progress);
    case Evaluator::kRetrieval:
      return std::make_unique<RetrievalScorer>(dataset.key, texts, pool, progress);
    case Evaluator::kWinogavil:
      return std::make_unique<WinogavilScorer>(dataset, limit, texts, progress);
    default:
      return std::make_unique<ClassificationScorer>(dataset, protocol == kOldProtocol, texts, pool,
                                                    progress);
  }
}

Metrics half_widths(const Metrics& metrics, const Outcome& outcome) {
  Metrics out;
  for (const auto& [name, value] : metrics.values()) {
    if (!value || *value != *value) continue;
    const uint64_t n = measured_on(name, *value, metrics, outcome);
    if (n > 0) out.set(name, half_width_95(*value, static_cast<double>(n)));
  }
  return out;
}

}  // namespace mobileclip::eval
