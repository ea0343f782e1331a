/// From vectors to metrics, one scorer for each kind of dataset.
#ifndef MOBILECLIP_EVAL_SCORERS_H_
#define MOBILECLIP_EVAL_SCORERS_H_

#include <memory>
#include <optional>
#include <string>

#include "eval/chunk.h"
#include "eval/layout.h"
#include "eval/metrics.h"
#include "eval/texts.h"

namespace mobileclip::eval {

struct Outcome {
  Metrics metrics;        ///< without main_metric
  uint64_t n = 0;         ///< what the registry counts
  uint64_t captions = 0;  ///< of a retrieval
  uint64_t ties = 0, unreadable = 0;
};

/// Takes the chunks of a dataset in order. One thread.
class Scorer {
 public:
  Scorer() = default;
  virtual ~Scorer() = default;
  Scorer(const Scorer&) = delete;
  Scorer& operator=(const Scorer&) = delete;
  /// Images of `chunk` from `first` on; a chunk may come in several such parts.
  virtual void add(const Chunk& chunk, size_t first) = 0;
  /// After the last part of a chunk.
  virtual void end_of(const Chunk&) {}
  /// Accuracy so far, where there is one.
  virtual std::optional<double> running() const { return std::nullopt; }
  virtual Outcome finish() = 0;
};

/// "datacomp" keeps empty class names, "datacomp-1.4" drops them; where there are any, the metrics
/// hold acc1 of the other way too: acc1_blank_dropped or acc1_blank_kept. `limit` counts the
/// instances of WinoGAViL. The references must outlive the scorer. Errors: kInvalidArgument for a
/// protocol or templates that make no sense.
std::unique_ptr<Scorer> make_scorer(const DatasetFiles& dataset, const std::string& protocol,
                                    uint64_t limit, TextCache& texts, ThreadPool& pool,
                                    const TextCache::Progress& progress);

}  // namespace mobileclip::eval

#endif  // MOBILECLIP_EVAL_SCORERS_H_
