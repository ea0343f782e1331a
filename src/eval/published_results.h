/// What was published of 14 models: the table assets/published_results.csv.
#ifndef MOBILECLIP_EVAL_PUBLISHED_RESULTS_H_
#define MOBILECLIP_EVAL_PUBLISHED_RESULTS_H_

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace mobileclip::eval {

/// One row: what the columns before the models say, and a cell per model as it stands.
struct PublishedRow {
  std::string suite, key, dataset, main_metric;
  std::string images, classes;  ///< as they stand; empty where there are none
  std::map<std::string, std::string, std::less<>> cells;
};

class PublishedResults {
 public:
  /// The table inside the program; read once.
  static const PublishedResults& shared();

  const std::vector<std::string>& models() const { return models_; }
  const std::vector<PublishedRow>& rows() const { return rows_; }
  /// The column of a model: by its own name, or a variant's ("mobileclip_blt" is mobileclip_b_lt).
  /// Nothing for a model of which nothing was published.
  std::optional<std::string> column_of(std::string_view model) const;
  /// A cell as a number; nothing if the row or cell is not there.
  std::optional<double> value(std::string_view key, std::string_view column) const;
  /// "datacomp-1.4" for the five models that were published without CLEVR Distance's empty class
  /// name, else "datacomp" (spec §0.3).
  std::string protocol_of(std::string_view column) const;

 private:
  PublishedResults();
  std::vector<std::string> models_;
  std::vector<PublishedRow> rows_;
};

}  // namespace mobileclip::eval

#endif  // MOBILECLIP_EVAL_PUBLISHED_RESULTS_H_
