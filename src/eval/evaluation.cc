#include "eval/evaluation.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <limits>
#include <set>
#include <utility>

#include "base/error.h"
#include "download/sha256.h"
#include "eval/half_widths.h"
#include "eval/scorers.h"

namespace mobileclip::eval {
namespace {

/// What is gathered over the shards of a dataset.
struct Gathered {
  std::set<std::string> instruction_sets;
  std::vector<std::string> wrong, notes;
  Sha256 data;
  bool whole = true;
};

void gather(const Chunk& chunk, const Shard& shard, Gathered& out) {
  out.instruction_sets.insert(chunk.instruction_set);
  if (chunk.truncated) out.wrong.push_back(fmt::format("{} is cut short", shard.name));
  for (const auto& [why, count] : chunk.skipped) {
    out.notes.push_back(fmt::format("{}: {} members left out: {}", shard.name, count, why));
  }
  out.whole = out.whole && !chunk.data_sha256.empty();
  out.data.update(chunk.data_sha256);
}

uint64_t limit_of_images(const DatasetFiles& dataset, uint64_t limit) {
  const bool none = limit == 0 || dataset.evaluator == Evaluator::kWinogavil;
  return none ? std::numeric_limits<uint64_t>::max() : limit;
}

/// As far as is known without reading tars; 0: it is not.
uint64_t images_of(const DatasetFiles& dataset) {
  uint64_t files = 0;
  for (const Shard& shard : dataset.shards) files += shard.files.size();
  if (files > 0) return files;
  return dataset.evaluator == Evaluator::kWinogavil ? 0 : dataset.expected;
}

std::string prompts_of(const DatasetFiles& dataset) {
  if (dataset.class_names.empty()) return "";
  return prompts_sha256(dataset.class_names, dataset.templates);
}

}  // namespace

Evaluation::Evaluation(std::shared_ptr<const Model> model, ThreadPool& pool, EvalOptions options,
                       Report report)
    : model_(std::move(model)),
      pool_(pool),
      options_(std::move(options)),
      report_(std::move(report)),
      session_(model_, pool),
      embedder_(model_, pool, options_.embed),
      texts_(session_, options_.embed.batch) {}

ResultRow Evaluation::run(const DatasetFiles& dataset) {
  if (!dataset.missing.empty()) {
    fail(ErrorCode::kNotFound, "{}: there is no {}", dataset.key, dataset.missing.front());
  }
  const auto begin = std::chrono::steady_clock::now();
  const uint64_t embedded_before = embedder_.embedded();
  const double seconds_before = embedder_.seconds();
  const auto scorer = make_scorer(dataset, options_.protocol, options_.limit, texts_, pool_,
                                  [&](size_t done, size_t total) {
                                    report_({"prompts", done, total, {}});
                                  });
  const uint64_t limit = limit_of_images(dataset, options_.limit);
  const uint64_t expected = std::min(images_of(dataset), limit);
  uint64_t done = 0;
  Gathered gathered;
  for (const Shard& shard : dataset.shards) {
    if (done >= limit) {
      gathered.whole = false;
      break;
    }
    const Chunk chunk =
        embedder_.embed(dataset, shard, limit - done, [&](const Chunk& part, size_t first) {
          scorer->add(part, first);
          report_({"images", done + part.size(), expected, scorer->running()});
        });
    scorer->end_of(chunk);
    gather(chunk, shard, gathered);
    done += chunk.size();
  }
  const Outcome outcome = scorer->finish();

  ResultRow row{dataset.key, dataset.name, outcome.metrics, {}};
  RowMeta& meta = row.meta;
  meta.half_widths = half_widths(row.metrics, outcome);
  const Metrics::Value* main = row.metrics.find(dataset.main_metric);
  if (main == nullptr && !dataset.main_metric.empty()) {
    fail(ErrorCode::kInternal, "{} has no {}", dataset.key, dataset.main_metric);
  }
  row.metrics.set("main_metric", main == nullptr ? std::nullopt : *main);
  meta.model = model_->config().name;
  meta.weights_sha256 = options_.embed.weights_sha256;
  meta.protocol = options_.protocol;
  meta.prompts_sha256 = prompts_of(dataset);
  meta.precision = kernels::precision_name(model_->precision());
  meta.instruction_set = fmt::format("{}", fmt::join(gathered.instruction_sets, "+"));
  if (gathered.whole) meta.data_sha256 = gathered.data.hex();
  meta.n = outcome.n;
  meta.n_expected = dataset.expected;
  meta.limit = options_.limit;
  meta.ties = outcome.ties;
  meta.unreadable = outcome.unreadable;
  meta.incomplete = std::move(gathered.wrong);
  meta.notes = std::move(gathered.notes);
  if (options_.limit > 0) {
    meta.incomplete.push_back(fmt::format("only the first {}", options_.limit));
  }
  const uint64_t wanted =
      options_.limit > 0 ? std::min(options_.limit, dataset.expected) : dataset.expected;
  if (dataset.expected > 0 && outcome.n != wanted) {
    meta.incomplete.push_back(fmt::format("{} of {}", outcome.n, dataset.expected));
  }
  if (dataset.expected_classes > 0 &&
      std::cmp_not_equal(dataset.class_names.size(), dataset.expected_classes)) {
    meta.incomplete.push_back(fmt::format("{} class names, {} are expected",
                                          dataset.class_names.size(), dataset.expected_classes));
  }
  meta.threads = static_cast<uint64_t>(pool_.threads());
  meta.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
  const double embedding = embedder_.seconds() - seconds_before;
  if (embedding > 0) {
    meta.images_per_second =
        static_cast<double>(embedder_.embedded() - embedded_before) / embedding;
  }
  return row;
}

void Evaluation::embed(const DatasetFiles& dataset, const Shard& shard) {
  embedder_.embed(dataset, shard, std::numeric_limits<uint64_t>::max(),
                  [&](const Chunk& part, size_t) {
                    report_({"images", part.size(), 0, {}});
                  });
}

bool Evaluation::is_same_model(const ResultRow& row) const {
  return row.meta.model == model_->config().name &&
         row.meta.weights_sha256 == options_.embed.weights_sha256 &&
         row.meta.precision == kernels::precision_name(model_->precision()) &&
         row.meta.protocol == options_.protocol;
}

bool Evaluation::is_done(const ResultRow& row, const DatasetFiles& dataset) const {
  const bool as_asked =
      row.meta.incomplete.empty() || (options_.limit > 0 && row.meta.incomplete.size() == 1);
  return row.key == dataset.key && is_same_model(row) && row.meta.limit == options_.limit &&
         row.meta.prompts_sha256 == prompts_of(dataset) && as_asked;
}

}  // namespace mobileclip::eval
