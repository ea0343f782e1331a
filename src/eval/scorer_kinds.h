/// The scorers that make_scorer() chooses from.
#ifndef MOBILECLIP_EVAL_SCORER_KINDS_H_
#define MOBILECLIP_EVAL_SCORER_KINDS_H_

#include <algorithm>
#include <memory>

#include "eval/groups.h"
#include "eval/scorers.h"

namespace mobileclip::eval {

/// C and W, with a second classifier where there are empty class names: `drop_blank` says which of
/// the two counts.
std::unique_ptr<Scorer> classification_scorer(const DatasetFiles& dataset, bool drop_blank,
                                              TextCache& texts, ThreadPool& pool,
                                              const TextCache::Progress& progress);
std::unique_ptr<Scorer> face_scorer(const DatasetFiles& dataset, TextCache& texts, ThreadPool& pool,
                                    const TextCache::Progress& progress);
std::unique_ptr<Scorer> multilabel_scorer(const DatasetFiles& dataset, TextCache& texts,
                                          ThreadPool& pool, const TextCache::Progress& progress);
std::unique_ptr<Scorer> retrieval_scorer(const DatasetFiles& dataset, TextCache& texts,
                                         ThreadPool& pool, const TextCache::Progress& progress);
std::unique_ptr<Scorer> winogavil_scorer(const DatasetFiles& dataset, uint64_t limit,
                                         TextCache& texts, const TextCache::Progress& progress);

/// Appends the groups of the images of `chunk` from `first` on.
inline void add_groups_of(const Chunk& chunk, size_t first, GroupTable& table) {
  table.columns = chunk.group_columns;
  const auto from = chunk.groups.begin() + static_cast<ptrdiff_t>(first * chunk.group_columns);
  table.values.insert(table.values.end(), from, chunk.groups.end());
}

}  // namespace mobileclip::eval

#endif  // MOBILECLIP_EVAL_SCORER_KINDS_H_
