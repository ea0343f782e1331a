#include "eval/winogavil.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <numeric>

namespace mobileclip::eval {
namespace {

template <typename Takes>
double mean(std::span<const WinogavilResult> results, const Takes& takes) {
  double sum = 0;
  uint64_t count = 0;
  for (const WinogavilResult& result : results) {
    if (!takes(result.candidates)) continue;
    sum += result.jaccard;
    ++count;
  }
  if (count == 0) return std::numeric_limits<double>::quiet_NaN();
  return sum / static_cast<double>(count);
}

}  // namespace

std::string winogavil_prompt(std::string_view cue) {
  constexpr std::string_view kVowels = "aeiouAEIOU";
  const bool vowel = !cue.empty() && kVowels.find(cue.front()) != std::string_view::npos;
  return fmt::format("{} {}", vowel ? "An" : "A", cue);
}

double winogavil_jaccard(std::span<const float> scores, const std::vector<bool>& is_true) {
  std::vector<size_t> order(scores.size());
  std::iota(order.begin(), order.end(), size_t{0});
  std::ranges::stable_sort(order, [&](size_t a, size_t b) { return scores[a] < scores[b]; });
  const auto wanted = static_cast<size_t>(std::ranges::count(is_true, true));
  if (wanted == 0) return 0;
  size_t hits = 0;
  for (size_t i = order.size() - wanted; i < order.size(); ++i) hits += is_true[order[i]] ? 1 : 0;
  return static_cast<double>(hits) / static_cast<double>(2 * wanted - hits);
}

Metrics winogavil_metrics(std::span<const WinogavilResult> results) {
  Metrics out;
  out.set("avg_jaccard_score", mean(results, [](size_t) { return true; }));
  for (const size_t wanted : {5, 6, 10, 12}) {
    out.set(fmt::format("jaccard_score_{}", wanted),
            mean(results, [&](size_t n) { return n == wanted; }));
  }
  out.set("jaccard_score_5-6", mean(results, [](size_t n) { return n <= 6; }));
  out.set("jaccard_score_10-12", mean(results, [](size_t n) { return n >= 10; }));
  return out;
}

}  // namespace mobileclip::eval
