// The plot of bench --family: published accuracy over measured latency, which is on a logarithmic
// scale.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "cli/bench_family.h"

namespace mobileclip::cli {
namespace {

constexpr double kWidth = 760, kHeight = 460, kLeft = 60, kRight = 150, kTop = 24, kBottom = 52;

struct Range {
  double low, high;
};

/// Decades (or 1, 2, 5 steps of them) that hold all latencies.
constexpr double kSteps[] = {1, 2, 5};

std::vector<double> ticks(const Range& range) {
  std::vector<double> out;
  for (double decade = 1e-3; decade <= range.high; decade *= 10) {
    for (const double step : kSteps) {
      const double value = decade * step;
      if (value >= range.low && value <= range.high) out.push_back(value);
    }
  }
  return out;
}

class Plot {
 public:
  Plot(const Range& latency, const Range& accuracy) : latency_(latency), accuracy_(accuracy) {}

  double x(double ms) const {
    const double share = std::log(ms / latency_.low) / std::log(latency_.high / latency_.low);
    return kLeft + share * (kWidth - kLeft - kRight);
  }
  double y(double percent) const {
    const double share = (percent - accuracy_.low) / (accuracy_.high - accuracy_.low);
    return kHeight - kBottom - share * (kHeight - kTop - kBottom);
  }

  void axes() {
    for (const double ms : ticks(latency_)) {
      line(x(ms), kTop, x(ms), kHeight - kBottom);
      text(x(ms), kHeight - kBottom + 18, "middle", fmt::format("{:g}", ms));
    }
    for (double percent = accuracy_.low; percent <= accuracy_.high; percent += 5) {
      line(kLeft, y(percent), kWidth - kRight, y(percent));
      text(kLeft - 8, y(percent) + 4, "end", fmt::format("{:g}", percent));
    }
    text((kLeft + kWidth - kRight) / 2, kHeight - 12, "middle",
         "latency of one image and one text, ms (measured)");
    out_ += fmt::format(
        "<text transform=\"translate(16,{:.1f}) rotate(-90)\" text-anchor=\"middle\">ImageNet "
        "zero-shot top-1, % (published)</text>\n",
        (kTop + kHeight - kBottom) / 2);
  }

  void point(const FamilyRow& row) {
    const bool ours = row.name.starts_with("mobileclip") || row.name.starts_with("MobileCLIP");
    const double cx = x(row.total_ms()), cy = y(*row.imagenet);
    out_ += fmt::format("<circle cx=\"{:.1f}\" cy=\"{:.1f}\" r=\"{:.1f}\" fill=\"{}\"/>\n", cx, cy,
                        2 + std::sqrt(row.parameters) / 3, ours ? "#0a6ebd" : "#c2571a");
    text(cx + 12, cy + 4, "start", row.name);
  }

  std::string finish() const {
    return fmt::format(
               "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {0:g} {1:g}\" "
               "font-family=\"sans-serif\" font-size=\"12\">\n"
               "<rect width=\"{0:g}\" height=\"{1:g}\" fill=\"#ffffff\"/>\n",
               kWidth, kHeight) +
           out_ + "</svg>\n";
  }

 private:
  void line(double x1, double y1, double x2, double y2) {
    out_ +=
        fmt::format("<path d=\"M{:.1f} {:.1f}L{:.1f} {:.1f}\" stroke=\"#dddddd\" fill=\"none\"/>\n",
                    x1, y1, x2, y2);
  }
  void text(double at_x, double at_y, std::string_view anchor, std::string_view words) {
    out_ += fmt::format("<text x=\"{:.1f}\" y=\"{:.1f}\" text-anchor=\"{}\">{}</text>\n", at_x,
                        at_y, anchor, words);
  }

  Range latency_, accuracy_;
  std::string out_;
};

}  // namespace

std::string family_svg(std::span<const FamilyRow> rows) {
  Range latency{HUGE_VAL, 0}, accuracy{HUGE_VAL, 0};
  for (const FamilyRow& row : rows) {
    if (!row.imagenet) continue;
    latency = {std::min(latency.low, row.total_ms()), std::max(latency.high, row.total_ms())};
    accuracy = {std::min(accuracy.low, *row.imagenet), std::max(accuracy.high, *row.imagenet)};
  }
  Plot plot({latency.low / 1.3, latency.high * 1.3},
            {5 * std::floor(accuracy.low / 5), 5 * std::ceil(accuracy.high / 5)});
  plot.axes();
  for (const FamilyRow& row : rows) {
    if (row.imagenet) plot.point(row);
  }
  return plot.finish();
}

}  // namespace mobileclip::cli
