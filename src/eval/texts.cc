#include "eval/texts.h"

#include <algorithm>
#include <cmath>

#include "base/error.h"
#include "download/sha256.h"
#include "eval/class_files.h"
#include "eval/embedder.h"

namespace mobileclip::eval {

TextCache::TextCache(Session& session, size_t batch)
    : session_(session),
      batch_(batch),
      dim_(static_cast<size_t>(session.model().config().embed_dim)) {}

void TextCache::add(std::span<const std::string> prompts, const Progress& progress) {
  std::vector<std::string> fresh;
  std::unordered_map<std::string, size_t> places;
  for (const std::string& prompt : prompts) {
    if (index_.contains(prompt)) continue;
    if (places.emplace(prompt, index_.size() + places.size()).second) fresh.push_back(prompt);
  }
  const size_t first = index_.size();
  rows_.resize((first + fresh.size()) * dim_);
  for (size_t begin = 0; begin < fresh.size(); begin += batch_) {
    const size_t n = std::min(batch_, fresh.size() - begin);
    float* const rows = rows_.data() + (first + begin) * dim_;
    session_.encode_texts(std::span(fresh).subspan(begin, n), rows);
    for (size_t i = 0; i < n; ++i) normalize_row(rows + i * dim_, dim_, fresh[begin + i]);
    progress(begin + n, fresh.size());
  }
  index_.merge(places);  // only now: all have their rows
}

std::span<const float> TextCache::row(const std::string& prompt) const {
  return std::span(rows_).subspan(index_.at(prompt) * dim_, dim_);
}

Classifier::Classifier(TextCache& texts, std::span<const std::string> names,
                       std::span<const std::string> templates,
                       const TextCache::Progress& progress) {
  if (names.empty() || templates.empty()) {
    fail(ErrorCode::kInvalidArgument, "{} class names and {} templates make no classifier",
         names.size(), templates.size());
  }
  std::vector<std::string> prompts;
  for (const std::string& name : names) {
    for (const std::string& text : templates) prompts.push_back(fill_template(text, name));
  }
  texts.add(prompts, progress);
  const size_t dim = texts.dim();
  std::vector<float> weights(names.size() * dim);
  std::vector<double> sum(dim);
  for (size_t c = 0; c < names.size(); ++c) {
    std::ranges::fill(sum, 0);
    for (size_t t = 0; t < templates.size(); ++t) {
      const std::span<const float> row = texts.row(prompts[c * templates.size() + t]);
      for (size_t i = 0; i < dim; ++i) sum[i] += double{row[i]};
    }
    double norm = 0;
    for (const double value : sum) norm += value * value;
    norm = std::sqrt(norm);
    if (norm == 0) {
      fail(ErrorCode::kNonFinite, "class {}: the mean of its prompts has no direction",
           quote(names[c]));
    }
    for (size_t i = 0; i < dim; ++i) weights[c * dim + i] = static_cast<float>(sum[i] / norm);
  }
  weights_ = kernels::PackedMatrix::pack(weights.data(), nullptr, names.size(), dim);
}

void Classifier::scores(ThreadPool& pool, const float* rows, size_t n,
                        std::vector<float>& out) const {
  constexpr float kScale = 100;
  std::vector<float> scaled(rows, rows + n * weights_.k());
  for (float& value : scaled) value *= kScale;
  out.resize(n * classes());
  kernels::gemm(pool, scaled.data(), weights_.k(), n, weights_, out.data(), classes());
}

std::string prompts_sha256(std::span<const std::string> names,
                           std::span<const std::string> templates) {
  Sha256 sum;
  for (const std::string& name : names) sum.update(name + "\n");
  sum.update("\n\n");
  for (const std::string& text : templates) sum.update(text + "\n");
  return sum.hex();
}

}  // namespace mobileclip::eval
