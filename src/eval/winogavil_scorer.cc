// WinoGAViL: which of the candidates go with a cue.
#include <limits>
#include <map>
#include <utility>

#include "base/error.h"
#include "eval/scorer_kinds.h"
#include "eval/winogavil.h"

namespace mobileclip::eval {
namespace {

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
      if (chunk.unreadable[i] != 0) {
        images_[chunk.keys[i]].clear();
        ++unreadable_;
        continue;
      }
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
        scores.push_back(image->second.empty()
                             ? -std::numeric_limits<float>::infinity()
                             : static_cast<float>(cosine(image->second, texts_.row(prompts[i]))));
      }
      results.push_back({scores.size(), winogavil_jaccard(scores, instances_[i].is_true)});
    }
    return {winogavil_metrics(results), results.size(), 0, 0, unreadable_};
  }

 private:
  std::string key_;
  uint64_t limit_;
  std::vector<Instance> instances_;
  std::map<std::string, std::vector<float>> images_;  // empty: it could not be read
  uint64_t unreadable_ = 0;
  TextCache& texts_;
  TextCache::Progress progress_;
};

}  // namespace

std::unique_ptr<Scorer> winogavil_scorer(const DatasetFiles& dataset, uint64_t limit,
                                         TextCache& texts, const TextCache::Progress& progress) {
  return std::make_unique<WinogavilScorer>(dataset, limit, texts, progress);
}

}  // namespace mobileclip::eval
