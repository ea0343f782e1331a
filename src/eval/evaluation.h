/// One dataset, one model: from files to a row of results.
#ifndef MOBILECLIP_EVAL_EVALUATION_H_
#define MOBILECLIP_EVAL_EVALUATION_H_

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/thread_pool.h"
#include "engine/session.h"
#include "eval/embedder.h"
#include "eval/layout.h"
#include "eval/results.h"
#include "eval/texts.h"

namespace mobileclip::eval {

struct EvalOptions {
  std::string protocol = "datacomp";
  uint64_t limit = 0;  ///< images of a dataset, instances of WinoGAViL; 0: all
  EmbedOptions embed;
};

struct EvalProgress {
  std::string_view what;         ///< "prompts" or "images"
  uint64_t done = 0, total = 0;  ///< total 0: not known
  std::optional<double> accuracy;
};

/// Holds the text cache across datasets. One thread; results are bit-equal for any batch size and
/// number of threads on one instruction set.
class Evaluation {
 public:
  using Report = std::function<void(const EvalProgress&)>;
  /// `pool` must outlive this.
  Evaluation(std::shared_ptr<const Model> model, ThreadPool& pool, EvalOptions options,
             Report report);

  /// Errors: kNotFound listing the first missing file; those of the readers and scorers.
  ResultRow run(const DatasetFiles& dataset);
  /// Only fills the cache with one shard.
  void embed(const DatasetFiles& dataset, const Shard& shard);
  /// Whether `row` is what run() would give again: same model, protocol, prompts and limit, and
  /// nothing was wrong with it.
  bool is_done(const ResultRow& row, const DatasetFiles& dataset) const;
  /// Whether it is of the same model, so that both may stand in one file.
  bool is_same_model(const ResultRow& row) const;

 private:
  std::shared_ptr<const Model> model_;
  ThreadPool& pool_;
  EvalOptions options_;
  Report report_;
  Session session_;
  Embedder embedder_;
  TextCache texts_;
};

}  // namespace mobileclip::eval

#endif  // MOBILECLIP_EVAL_EVALUATION_H_
