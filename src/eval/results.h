/// Rows of results: one JSON object a line, as datacomp's aggregator reads them (spec §7).
#ifndef MOBILECLIP_EVAL_RESULTS_H_
#define MOBILECLIP_EVAL_RESULTS_H_

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "eval/aggregate.h"
#include "eval/metrics.h"

namespace mobileclip::eval {

/// How a row came about; all empty in a file of another program.
struct RowMeta {
  std::string model, weights_sha256, protocol, data_sha256, prompts_sha256, instruction_set;
  std::string precision;           ///< of the arithmetic: "f32" or "bf16"
  uint64_t n = 0, n_expected = 0;  ///< 0 expected: not known
  uint64_t limit = 0;              ///< 0: none
  uint64_t ties = 0;               ///< images whose order among equal classes decides acc1 or acc5
  uint64_t unreadable = 0;         ///< images counted as wrong
  std::vector<std::string> incomplete;        ///< why the row is not the dataset's; empty: it is
  std::vector<std::string> notes;             ///< what was met and does not matter
  double seconds = 0, images_per_second = 0;  ///< seconds of this run; embedding only, 0: cached
  uint64_t threads = 0;
  Metrics half_widths;  ///< 95 %, of the shares among the metrics
};

struct ResultRow {
  std::string key, dataset;
  Metrics metrics;  ///< main_metric among them, last
  RowMeta meta;
  Metrics::Value main_metric() const;
};

/// One line without its end. NaN is null, or NaN with `json_nan`, which JSON does not know.
std::string to_json_line(const ResultRow& row, bool json_nan);

/// Rows of a file; NaN, Infinity and -Infinity are taken as undefined, empty lines left out. Error
/// kDamaged naming the line.
std::vector<ResultRow> parse_rows(std::string_view text, const std::string& what);
std::vector<ResultRow> read_rows(const std::string& path);
/// Of several rows of one key the last, in the place of the first.
std::vector<ResultRow> last_of_each_key(std::vector<ResultRow> rows);

/// main_metric of the rows that count: complete ones, or all with `allow_partial`.
MainMetrics main_metrics(const std::vector<ResultRow>& rows, bool allow_partial);

/// Adds a line to a file, which is whole before, after and at any kill between: rewritten beside
/// itself and renamed.
void append_row(const std::string& path, const ResultRow& row, bool json_nan);

}  // namespace mobileclip::eval

#endif  // MOBILECLIP_EVAL_RESULTS_H_
