#include "train/metrics.h"

#include <nlohmann/json.hpp>

#include "base/atomic_file.h"
#include "base/error.h"
#include "train/trainer.h"

namespace mobileclip::train {
namespace {

using nlohmann::ordered_json;

constexpr double kWidth = 640, kHeight = 180, kMargin = 48;

/// One curve: (step, value) pairs.
struct Curve {
  std::string name;
  std::vector<std::pair<double, double>> points;
};

void read_points(const std::string& path, const std::string& key, Curve& curve) {
  std::ifstream file(path);
  for (std::string line; std::getline(file, line);) {
    const auto row = ordered_json::parse(line, nullptr, false);
    if (row.is_object() && row.contains(key) && row[key].is_number()) {
      curve.points.emplace_back(row.value("step", 0.0), row[key].get<double>());
    }
  }
}

/// A panel with its axis limits; empty without points.
std::string panel(const Curve& curve, double top, double last_step) {
  if (curve.points.empty() || last_step <= 0) return "";
  double low = curve.points.front().second, high = low;
  for (const auto& [step, value] : curve.points) {
    low = std::min(low, value);
    high = std::max(high, value);
  }
  if (high == low) high = low + 1;
  std::string points;
  for (const auto& [step, value] : curve.points) {
    points += fmt::format("{:.1f},{:.1f} ", kMargin + step / last_step * kWidth,
                          top + kHeight - (value - low) / (high - low) * kHeight);
  }
  return fmt::format(
      "<text x=\"{0}\" y=\"{1}\">{2}</text>\n"
      "<rect x=\"{0}\" y=\"{3}\" width=\"{4}\" height=\"{5}\" fill=\"none\" stroke=\"#bbb\"/>\n"
      "<text x=\"{6}\" y=\"{7}\" text-anchor=\"end\">{8:.4g}</text>\n"
      "<text x=\"{6}\" y=\"{9}\" text-anchor=\"end\">{10:.4g}</text>\n"
      "<polyline fill=\"none\" stroke=\"#1f6feb\" stroke-width=\"1.5\" points=\"{11}\"/>\n",
      kMargin, top - 6, curve.name, top, kWidth, kHeight, kMargin - 4, top + 10, high,
      top + kHeight, low, points);
}

}  // namespace

Metrics::Metrics(const std::string& path, int64_t step) : path_(path) {
  std::string kept;
  {
    std::ifstream old(path);
    for (std::string line; std::getline(old, line);) {
      const auto row = ordered_json::parse(line, nullptr, false);
      if (row.is_object() && row.value("step", int64_t{0}) <= step) kept += line + "\n";
    }
  }
  AtomicFile file(path);
  file.write(kept);
  file.commit();
  file_.open(path, std::ios::app);
}

void Metrics::line(const std::string& text) {
  file_ << text << "\n" << std::flush;
  if (!file_) fail(ErrorCode::kIo, "could not write {}", path_);
}

void Metrics::step(const StepReport& r) {
  line(ordered_json{{"step", r.step},
                    {"loss", r.loss.total},
                    {"clip", r.loss.clip_real},
                    {"distill", r.loss.distill_real},
                    {"clip_synthetic", r.loss.clip_synthetic},
                    {"distill_synthetic", r.loss.distill_synthetic},
                    {"logit_scale", r.logit_scale},
                    {"lr", r.learning_rate},
                    {"gradient_norm", r.gradient_norm},
                    {"seconds", r.seconds},
                    {"data_seconds", r.data_seconds}}
           .dump());
}

void Metrics::validation(int64_t step, const Accuracy& a) {
  line(ordered_json{{"step", step},
                    {"images", a.images},
                    {"classes", a.classes},
                    {"top1", a.top1},
                    {"top5", a.top5},
                    {"text_to_image1", a.text_to_image1},
                    {"text_to_image5", a.text_to_image5}}
           .dump());
}

void write_curves(const std::string& metrics, const std::string& svg) {
  std::vector<Curve> curves;
  double last = 0;
  for (const char* key : {"loss", "clip", "distill", "logit_scale", "lr", "top1", "top5"}) {
    Curve curve{key, {}};
    read_points(metrics, key, curve);
    if (!curve.points.empty()) last = std::max(last, curve.points.back().first);
    curves.push_back(std::move(curve));
  }
  std::string body;
  double top = kMargin;
  for (const Curve& curve : curves) {
    const std::string one = panel(curve, top, last);
    if (one.empty()) continue;
    body += one;
    top += kHeight + kMargin;
  }
  AtomicFile file(svg);
  file.write(
      fmt::format("<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{}\" height=\"{}\" "
                  "font-family=\"sans-serif\" font-size=\"12\">\n"
                  "<rect width=\"100%\" height=\"100%\" fill=\"white\"/>\n{}</svg>\n",
                  kWidth + 2 * kMargin, top, body));
  file.commit();
}

}  // namespace mobileclip::train
