/// WinoGAViL: which pictures go with a word (spec §5).
#ifndef MOBILECLIP_EVAL_WINOGAVIL_H_
#define MOBILECLIP_EVAL_WINOGAVIL_H_

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "eval/metrics.h"

namespace mobileclip::eval {

/// "An apple" or "A tree".
std::string winogavil_prompt(std::string_view cue);

/// Jaccard index of the true candidates with as many best-scoring ones; of equal scores the later
/// candidate is preferred. 0 without a true candidate. `is_true` is as long as `scores`.
double winogavil_jaccard(std::span<const float> scores, const std::vector<bool>& is_true);

struct WinogavilResult {
  size_t candidates = 0;
  double jaccard = 0;
};

/// avg_jaccard_score, jaccard_score_{5,6,10,12}, _5-6 (at most 6), _10-12 (at least 10); NaN for a
/// mean over nothing.
Metrics winogavil_metrics(std::span<const WinogavilResult> results);

}  // namespace mobileclip::eval

#endif  // MOBILECLIP_EVAL_WINOGAVIL_H_
