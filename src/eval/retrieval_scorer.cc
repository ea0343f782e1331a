// Images by their captions and captions by their images.
#include <algorithm>
#include <limits>
#include <utility>

#include "base/error.h"
#include "eval/retrieval.h"
#include "eval/scorer_kinds.h"

namespace mobileclip::eval {
namespace {

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

}  // namespace

std::unique_ptr<Scorer> retrieval_scorer(const DatasetFiles& dataset, TextCache& texts,
                                         ThreadPool& pool, const TextCache::Progress& progress) {
  return std::make_unique<RetrievalScorer>(dataset.key, texts, pool, progress);
}

}  // namespace mobileclip::eval
