#include "engine/measure.h"

#include <algorithm>
#include <chrono>
#include <cmath>

#include "base/counter_rng.h"
#include "engine/session.h"
#include "model/clip.h"
#include "text/tokenizer.h"

namespace mobileclip {
namespace {

using Clock = std::chrono::steady_clock;

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

  /// The same without a session: pixels are taken as channels last.
  void encode(const Clip& clip, const RunContext& context, float* out, const Probe& probe) const {
    if (ids_.empty()) {
      clip.image()->encode(context, pixels_.data(), options_.batch, out, probe);
    } else {
      clip.text()->encode(context, ids_.data(), options_.batch, out, probe);
    }
  }

 private:
  MeasureOptions options_;
  size_t side_, context_;
  int32_t last_id_;  // CLIP's start and end of text are the last two of its vocabulary
  std::vector<float> pixels_;
  std::vector<int32_t> ids_;
};

/// Adds up the times of one call's parts: an image tower may go through its first ones item by
/// item.
class PartClock {
 public:
  void begin_call() {
    last_ = Clock::now();
    spent_.assign(names_.size(), 0);
  }
  void end_part(std::string_view name) {
    const Clock::time_point now = Clock::now();
    const auto at = static_cast<size_t>(std::ranges::find(names_, name) - names_.begin());
    if (at == names_.size()) {
      names_.emplace_back(name);
      spent_.push_back(0);
    }
    spent_[at] += std::chrono::duration<double, std::milli>(now - last_).count();
    last_ = Clock::now();
  }
  const std::vector<std::string>& names() const { return names_; }
  const std::vector<double>& milliseconds() const { return spent_; }

 private:
  Clock::time_point last_;
  std::vector<std::string> names_;
  std::vector<double> spent_;
};

}  // namespace

std::string_view tower_name(Tower tower) { return tower == Tower::kImage ? "image" : "text"; }

Agreement compare(const std::shared_ptr<const Model>& a, const std::shared_ptr<const Model>& b,
                  ThreadPool& pool, Tower tower, size_t inputs) {
  Inputs made(*a, {.tower = tower});
  Session first(a, pool), second(b, pool);
  const auto dim = static_cast<size_t>(a->config().embed_dim);
  std::vector<float> x(dim), y(dim);
  Agreement out{0, 1};
  for (size_t i = 0; i < inputs; ++i) {
    made.renew(i);
    made.encode(first, x.data());
    made.encode(second, y.data());
    normalize_rows(x.data(), 1, dim);
    normalize_rows(y.data(), 1, dim);
    const double found = cosine(x, y);
    out.mean_cosine += found / static_cast<double>(inputs);
    out.least_cosine = std::min(out.least_cosine, found);
  }
  return out;
}

double percentile(std::vector<double> values, double p) {
  const auto rank = static_cast<size_t>(std::ceil(p * static_cast<double>(values.size())));
  const auto at = values.begin() + static_cast<ptrdiff_t>(std::max<size_t>(rank, 1) - 1);
  std::ranges::nth_element(values, at);
  return *at;
}

Timing measure(const std::shared_ptr<const Model>& model, ThreadPool& pool,
               const MeasureOptions& options) {
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

std::vector<PartTiming> measure_parts(const std::shared_ptr<const Model>& model, ThreadPool& pool,
                                      const MeasureOptions& options) {
  Workspace workspace(pool.threads());
  Inputs inputs(*model, options);
  std::vector<float> out(options.batch * static_cast<size_t>(model->config().embed_dim));
  PartClock clock;
  std::vector<std::vector<double>> calls;
  const ScopedFlushDenormals flush;
  for (int call = 0; call < kWarmUp + options.runs; ++call) {
    inputs.renew(static_cast<uint64_t>(call));
    clock.begin_call();
    inputs.encode(model->clip(), {pool, workspace}, out.data(),
                  [&](std::string_view name, const Features&) { clock.end_part(name); });
    clock.end_part("head");
    if (call >= kWarmUp) calls.push_back(clock.milliseconds());
  }
  std::vector<PartTiming> parts;
  for (size_t part = 0; part < clock.names().size(); ++part) {
    std::vector<double> times;
    times.reserve(calls.size());
    for (const std::vector<double>& call : calls) times.push_back(call[part]);
    parts.push_back({clock.names()[part], percentile(times, 0.5)});
  }
  return parts;
}

}  // namespace mobileclip
