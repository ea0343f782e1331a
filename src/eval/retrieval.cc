#include "eval/retrieval.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <memory>

#include "base/error.h"
#include "kernels/gemm.h"

namespace mobileclip::eval {
namespace {

constexpr uint32_t kNoRank = std::numeric_limits<uint32_t>::max();

/// An image's best own caption: its score, and the lowest index that has it.
struct Best {
  float score = -std::numeric_limits<float>::infinity();
  size_t text = 0;
  bool any = false;
};

double recall(std::span<const uint32_t> ranks, uint32_t k) {
  const auto hits = std::ranges::count_if(ranks, [&](uint32_t rank) { return rank < k; });
  return float_ratio(static_cast<uint64_t>(hits), ranks.size());
}

}  // namespace

RetrievalRanks retrieval_ranks(size_t images, std::span<const uint32_t> image_of_text,
                               const ScoreBlock& scores, size_t block) {
  const size_t texts = image_of_text.size();
  RetrievalRanks out{std::vector<uint32_t>(texts, 0), std::vector<uint32_t>(images, kNoRank)};
  std::vector<Best> best(images);
  std::vector<float> rows(std::min(block, texts) * images);
  const auto each_row = [&](const auto& body) {
    for (size_t first = 0; first < texts; first += block) {
      const size_t count = std::min(block, texts - first);
      scores(first, count, rows.data());
      for (size_t i = 0; i < count; ++i) body(first + i, rows.data() + i * images);
    }
  };
  each_row([&](size_t text, const float* row) {
    const size_t own = image_of_text[text];
    if (own >= images) {
      fail(ErrorCode::kInvalidArgument, "caption {} belongs to image {} of {}", text, own, images);
    }
    for (size_t i = 0; i < images; ++i) {
      out.of_text[text] += row[i] > row[own] || (row[i] == row[own] && i < own) ? 1 : 0;
    }
    Best& mine = best[own];
    if (!mine.any || row[own] > mine.score) mine = {row[own], text, true};
  });
  for (size_t i = 0; i < images; ++i) {
    if (best[i].any) out.of_image[i] = 0;
  }
  each_row([&](size_t text, const float* row) {
    for (size_t i = 0; i < images; ++i) {
      const Best& mine = best[i];
      if (!mine.any) continue;
      out.of_image[i] += row[i] > mine.score || (row[i] == mine.score && text < mine.text) ? 1 : 0;
    }
  });
  return out;
}

ScoreBlock dot_products(const std::vector<float>& texts, const std::vector<float>& images,
                        size_t dim, ThreadPool& pool) {
  const size_t count = images.size() / dim;
  // Shared: a std::function must be copyable.
  const auto packed = std::make_shared<const kernels::PackedMatrix>(
      kernels::PackedMatrix::pack(images.data(), nullptr, count, dim));
  return [&texts, &pool, dim, count, packed](size_t first, size_t rows, float* scores) {
    kernels::gemm(pool, texts.data() + first * dim, dim, rows, *packed, scores, count);
  };
}

Metrics retrieval_metrics(const RetrievalRanks& ranks) {
  Metrics out;
  for (const uint32_t k : {1U, 5U, 10U}) {
    out.set(fmt::format("image_retrieval_recall@{}", k), recall(ranks.of_text, k));
    out.set(fmt::format("text_retrieval_recall@{}", k), recall(ranks.of_image, k));
  }
  out.set("mean_recall@1", 0.5 * (recall(ranks.of_image, 1) + recall(ranks.of_text, 1)));
  return out;
}

}  // namespace mobileclip::eval
