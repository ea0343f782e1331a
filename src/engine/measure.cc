#include "engine/measure.h"

#include <algorithm>
#include <chrono>
#include <cmath>

#include "base/counter_rng.h"
#include "engine/session.h"
#include "text/tokenizer.h"

namespace mobileclip {
namespace {

constexpr int kWarmUp = 2;
constexpr double kLeastSeconds = 0.5;

/// New inputs for each call.
class Inputs {
 public:
  Inputs(const Model& model, const MeasureOptions& options)
      : options_(options),
        side_(static_cast<size_t>(model.config().image_size)),
        context_(static_cast<size_t>(model.config().text.context)),
        last_id_(std::min(Tokenizer::kEndOfText, model.config().text.vocabulary - 1)) {
    if (options.tower == Tower::kImage) pixels_.resize(options.batch * 3 * side_ * side_);
    if (options.tower == Tower::kText) ids_.resize(options.batch * context_);
  }

  void renew(uint64_t call) {
    CounterRng rng(0, call, 0, 0);
    for (float& value : pixels_) value = static_cast<float>(rng.uniform(-2, 2));
    if (ids_.empty()) return;
    const size_t length = options_.tokens == 0 ? context_ : static_cast<size_t>(options_.tokens);
    for (size_t text = 0; text < options_.batch; ++text) {
      int32_t* row = &ids_[text * context_];
      std::fill_n(row, context_, 0);
      row[0] = last_id_ - 1;
      for (size_t i = 1; i + 1 < length; ++i) {
        row[i] = static_cast<int32_t>(rng.below(static_cast<uint64_t>(last_id_ - 1)));
      }
      row[length - 1] = last_id_;
    }
  }

  void encode(Session& session, float* out) const {
    if (ids_.empty()) {
      session.encode_pixels_chw(pixels_, options_.batch, out);
    } else {
      session.encode_tokens(ids_, options_.batch, out);
    }
  }

 private:
  MeasureOptions options_;
  size_t side_, context_;
  int32_t last_id_;  // CLIP's start and end of text are the last two of its vocabulary
  std::vector<float> pixels_;
  std::vector<int32_t> ids_;
};

}  // namespace

std::string_view tower_name(Tower tower) { return tower == Tower::kImage ? "image" : "text"; }

double percentile(std::vector<double> values, double p) {
  const auto rank = static_cast<size_t>(std::ceil(p * static_cast<double>(values.size())));
  const auto at = values.begin() + static_cast<ptrdiff_t>(std::max<size_t>(rank, 1) - 1);
  std::ranges::nth_element(values, at);
  return *at;
}

Timing measure(const std::shared_ptr<const Model>& model, ThreadPool& pool,
               const MeasureOptions& options) {
  using Clock = std::chrono::steady_clock;
  Session session(model, pool);
  Inputs inputs(*model, options);
  std::vector<float> out(options.batch * static_cast<size_t>(model->config().embed_dim));
  std::vector<double> times;
  double total = 0;
  for (int call = 0; call < kWarmUp + options.runs || total < kLeastSeconds; ++call) {
    inputs.renew(static_cast<uint64_t>(call));
    const Clock::time_point begin = Clock::now();
    inputs.encode(session, out.data());
    const double seconds = std::chrono::duration<double>(Clock::now() - begin).count();
    if (call < kWarmUp) continue;
    times.push_back(1e3 * seconds);
    total += seconds;
  }
  return {percentile(times, 0.5), percentile(times, 0.95), times.size()};
}

}  // namespace mobileclip
