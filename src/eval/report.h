/// Results as tables, files for other programs and a chart; and beside what was published.
#ifndef MOBILECLIP_EVAL_REPORT_H_
#define MOBILECLIP_EVAL_REPORT_H_

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "eval/results.h"

namespace mobileclip::eval {

/// The rows of one file, each key once.
struct ReportColumn {
  std::string name;
  std::vector<ResultRow> rows;
  bool published = false;
};

struct ReportOptions {
  bool allow_partial = false;  ///< incomplete rows count in averages
};

/// The column of that model in the published table, as rows; empty if there is none.
ReportColumn published_column(const std::string& column);

/// Text for people: a line per dataset, then the averages. An average that lacks a dataset is not
/// given; "mean over k of 38" is, under that name.
std::string report_table(const std::vector<ReportColumn>& columns, const ReportOptions& options);
std::string report_markdown(const std::vector<ReportColumn>& columns, const ReportOptions& options);
std::string report_csv(const std::vector<ReportColumn>& columns, const ReportOptions& options);
std::string report_json(const std::vector<ReportColumn>& columns, const ReportOptions& options);
/// Horizontal bars of the main metrics, one colour for each column.
std::string report_svg(const std::vector<ReportColumn>& columns, const ReportOptions& options);

/// One dataset, ours and published.
struct Comparison {
  std::string key, dataset, metric;
  double ours = 0, published = 0;
  double n = 0;          ///< images the metric is over; 0: not known
  double images = 0;     ///< |difference| · n
  double limit = 0;      ///< images within which they agree
  bool complete = true;  ///< the row is over the whole dataset: only then they may agree
  bool agrees() const { return complete && images <= limit; }
};

/// Rows of ours that were published too. CLEVR Distance is compared as the model was published,
/// with or without its empty class name, whatever the protocol of the row. Limits (spec §10): 15
/// images or 0.3 % of them, for retrieval and WinoGAViL half a point.
std::vector<Comparison> compare_published(const std::vector<ResultRow>& rows,
                                          const std::string& column);

}  // namespace mobileclip::eval

#endif  // MOBILECLIP_EVAL_REPORT_H_
