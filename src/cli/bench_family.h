/// bench --family: every MobileCLIP beside the models it is compared with, on this machine.
#ifndef MOBILECLIP_CLI_BENCH_FAMILY_H_
#define MOBILECLIP_CLI_BENCH_FAMILY_H_

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/thread_pool.h"

namespace mobileclip::cli {

/// One model: medians of one image and one text of full context.
struct FamilyRow {
  std::string_view name;
  double parameters = 0;  ///< both towers, millions
  double image_ms = 0, text_ms = 0;
  std::optional<double> imagenet, average_38;  ///< published, percent
  double total_ms() const { return image_ms + text_ms; }
};

/// "4.8 times faster": what the original says of a pair, and what was measured here.
struct FamilyRatio {
  std::string_view model, than;
  double published_faster, published_smaller;
  double faster, smaller;  ///< total latency and parameters of `than` / of `model`
};

/// The variants that are compared.
std::span<const std::string_view> family();

/// Measures one of them with synthetic weights, `runs` calls of each tower, on the pool's threads;
/// or takes the times of the one among `before` that is the same network up to its dialect.
FamilyRow measure_member(std::string_view name, std::span<const FamilyRow> before, ThreadPool& pool,
                         int runs);

/// The two highlights of the original. Both models of a pair must be among the rows.
std::vector<FamilyRatio> family_ratios(std::span<const FamilyRow> rows);

/// "PROCESSOR, INSTRUCTION SET, 2 threads, float32, DATE": what the rows were measured on, now.
std::string family_caption(int threads);
std::string family_table(std::span<const FamilyRow> rows, std::string_view caption);
std::string family_json(std::span<const FamilyRow> rows, int threads);
/// Accuracy over latency as an SVG image.
std::string family_svg(std::span<const FamilyRow> rows, std::string_view caption);

}  // namespace mobileclip::cli

#endif  // MOBILECLIP_CLI_BENCH_FAMILY_H_
