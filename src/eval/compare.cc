#include <algorithm>
#include <cmath>

#include "eval/published_results.h"
#include "eval/registry.h"
#include "eval/report.h"

namespace mobileclip::eval {
namespace {

constexpr std::string_view kClevrDistance = "vtab/clevr_closest_object_distance";

/// Our value under the protocol that the model was published with.
Metrics::Value ours_of(const ResultRow& row, const std::string& protocol) {
  if (row.key == kClevrDistance && row.meta.protocol != protocol) {
    const Metrics::Value* other =
        row.metrics.find(protocol == "datacomp" ? "acc1_blank_kept" : "acc1_blank_dropped");
    if (other != nullptr) return *other;
  }
  return row.main_metric();
}

/// Images that a row's main metric is over.
double images_of(const ResultRow& row, const Dataset& dataset) {
  const double n = static_cast<double>(row.meta.n > 0 ? row.meta.n : dataset.images);
  const Metrics::Value* width = row.meta.half_widths.find(dataset.main_metric);
  const Metrics::Value main = row.main_metric();
  if (width == nullptr || !*width || !main || **width <= 0) return n;
  // Of a worst group only the group counts: its number follows from the half width.
  constexpr double kNormal95 = 1.959963984540054;
  return std::round(kNormal95 * kNormal95 * *main * (1 - *main) / (**width * **width));
}

}  // namespace

std::vector<Comparison> compare_published(const std::vector<ResultRow>& rows,
                                          const std::string& column) {
  const PublishedResults& table = PublishedResults::shared();
  const std::string protocol = table.protocol_of(column);
  std::vector<Comparison> out;
  for (const ResultRow& row : rows) {
    const Dataset* dataset = find_dataset(row.key);
    const auto published = table.value(row.key, column);
    const Metrics::Value ours = ours_of(row, protocol);
    if (dataset == nullptr || !published || !ours || !std::isfinite(*ours)) continue;
    Comparison one{row.key,
                   row.dataset,
                   std::string(dataset->main_metric),
                   *ours,
                   *published,
                   images_of(row, *dataset),
                   0,
                   0};
    one.complete = row.meta.incomplete.empty();
    one.images = std::abs(one.ours - one.published) * one.n;
    constexpr double kImages = 15, kShare = 0.003, kHalfPoint = 0.005;
    const bool image_text =
        dataset->evaluator == Evaluator::kRetrieval || dataset->evaluator == Evaluator::kWinogavil;
    one.limit = image_text ? kHalfPoint * one.n : std::max(kImages, kShare * one.n);
    out.push_back(std::move(one));
  }
  return out;
}

}  // namespace mobileclip::eval
