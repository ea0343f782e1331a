#include "eval/embedder.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <filesystem>
#include <utility>

#include "base/error.h"
#include "download/sha256.h"
#include "kernels/isa.h"

namespace mobileclip::eval {
namespace {

/// Changes when the same weights and bytes would give other vectors.
constexpr const char* kContract = "2";

/// Appends all of a sample but its vector.
void append(Chunk& chunk, EvalSample sample, bool unreadable) {
  chunk.labels.push_back(sample.label);
  chunk.groups.insert(chunk.groups.end(), sample.groups.begin(), sample.groups.end());
  chunk.unreadable.push_back(unreadable ? 1 : 0);
  chunk.keys.push_back(std::move(sample.key));
  if (!sample.captions.empty()) {
    chunk.captions.resize(chunk.keys.size());
    chunk.captions.back() = std::move(sample.captions);
  }
}

}  // namespace

std::string vector_identity(const std::string& weights_sha256, const ModelConfig& config,
                            kernels::Precision precision) {
  const PreprocessConfig pixels = preprocess_config(config);
  return fmt::format("{} {} {} {} {} {} {} {} {}", kContract, weights_sha256,
                     same_networks(*find_variant(config.name)).front(), pixels.size,
                     static_cast<int>(pixels.interpolation), pixels.squash ? "squash" : "crop",
                     fmt::join(pixels.mean, ","), fmt::join(pixels.std, ","),
                     kernels::precision_name(precision));
}

void normalize_row(float* row, size_t dim, const std::string& what) {
  constexpr double kLeast = 1e-12;
  double sum = 0;
  for (size_t i = 0; i < dim; ++i) sum += double{row[i]} * double{row[i]};
  const double norm = std::sqrt(sum);
  if (!std::isfinite(norm)) {
    fail(ErrorCode::kNonFinite, "{}: the embedding is not finite: the weights are extreme", what);
  }
  for (size_t i = 0; i < dim; ++i) {
    row[i] = static_cast<float>(double{row[i]} / std::max(norm, kLeast));
  }
}

Embedder::Embedder(std::shared_ptr<const Model> model, const ThreadPool& pool, EmbedOptions options)
    : model_(std::move(model)), options_(std::move(options)) {
  for (int i = 0; i < pool.threads(); ++i) lanes_.push_back(std::make_unique<Lane>(model_));
}

std::string Embedder::cache_path(const DatasetFiles& dataset, const Shard& shard) const {
  Sha256 sum;
  const Needs needs = needs_of(dataset);
  sum.update(
      fmt::format("{}\n{}\n{}\n{} {} {} {}\n{}",
                  vector_identity(options_.weights_sha256, model_->config(), model_->precision()),
                  dataset.key, shard.name, needs.label, needs.captions, needs.instances,
                  needs.group_columns, shard_identity(shard)));
  std::string folder = folder_of_key(dataset.key);
  return fmt::format("{}/{}/{}-{}.safetensors", options_.cache, folder, shard.name,
                     sum.hex().substr(0, 24));
}

Chunk Embedder::embed(const DatasetFiles& dataset, const Shard& shard, size_t limit,
                      const Progress& progress) {
  const bool cached = !options_.cache.empty();
  const std::string path = cached ? cache_path(dataset, shard) : "";
  if (std::optional<Chunk> known = cached ? read_chunk(path) : std::nullopt) {
    const bool has_bad = std::ranges::find(known->unreadable, 1) != known->unreadable.end();
    // A chunk made with skip_bad does not serve a run without it: that one must say which image.
    if (options_.skip_bad || !has_bad) {
      known->cut(limit);
      progress(*known, 0);
      return std::move(*known);
    }
  }
  Chunk chunk;
  chunk.dim = static_cast<size_t>(model_->config().embed_dim);
  chunk.group_columns = needs_of(dataset).group_columns;
  chunk.instruction_set = kernels::isa_name();
  const auto begin = std::chrono::steady_clock::now();
  add(dataset, shard, limit, chunk, progress);
  seconds_ += std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
  embedded_ += chunk.size();
  if (cached && !chunk.data_sha256.empty()) write_chunk(path, chunk);
  return chunk;
}

void Embedder::add(const DatasetFiles& dataset, const Shard& shard, size_t limit, Chunk& chunk,
                   const Progress& progress) {
  SampleReader reader(shard, needs_of(dataset));
  bool whole = true;
  {
    VectorStream vectors(reader, lanes_, options_.batch);
    size_t shown = 0;
    const auto show = [&] {
      if (chunk.size() > shown) progress(chunk, shown);
      shown = chunk.size();
    };
    while (true) {
      if (chunk.size() >= limit) {
        whole = false;
        break;
      }
      std::optional<VectorItem> item = vectors.next();
      if (!item) break;
      if (!item->sample.instance.empty()) {
        chunk.instances.push_back(std::move(item->sample.instance));
        continue;
      }
      if (!item->row.ok() && !options_.skip_bad) {
        fail(item->row.error().code(), "{}: {}: {}", shard.tar.empty() ? shard.name : shard.tar,
             quote(item->sample.key), item->row.error().message());
      }
      append(chunk, std::move(item->sample), !item->row.ok());
      chunk.rows.resize(chunk.size() * chunk.dim, 0);
      if (item->row.ok()) {
        float* row = chunk.rows.data() + (chunk.size() - 1) * chunk.dim;
        std::ranges::copy(*item->row, row);
        normalize_row(row, chunk.dim, chunk.keys.back());
      }
      if (chunk.size() - shown == options_.batch) show();
    }
    show();
  }
  if (needs_of(dataset).captions) chunk.captions.resize(chunk.size());
  const ShardReport report = reader.report();
  chunk.skipped = report.skipped;
  chunk.truncated = report.truncated;
  if (whole) chunk.data_sha256 = reader.sha256();
}

}  // namespace mobileclip::eval
