// The plot of bench --family: published accuracy over measured latency, which is on a logarithmic
// scale. Circles are as large as networks; models of one series are joined in the order of latency.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numbers>

#include "cli/bench_family.h"

namespace mobileclip::cli {
namespace {

constexpr double kWidth = 860, kHeight = 520, kLeft = 64, kRight = 24, kTop = 84, kBottom = 56;
constexpr double kBottomEdge = kHeight - kBottom, kRightEdge = kWidth - kRight;
constexpr double kLetter = 6.8, kLine = 13;  // a letter's width and height, about

struct Series {
  std::string_view prefix, name, colour;
  bool joined;
};
constexpr Series kSeries[] = {{"mobileclip_", "MobileCLIP", "#0a6ebd", true},
                              {"MobileCLIP2-", "MobileCLIP2", "#0b8a5a", true},
                              {"", "others", "#c2571a", false}};

const Series& series_of(std::string_view name) {
  return *std::ranges::find_if(kSeries,
                               [&](const Series& s) { return name.starts_with(s.prefix); });
}

/// "S0" of a series that the colour tells; OpenAI's networks are those with QuickGELU.
std::string label_of(std::string_view name) {
  const Series& series = series_of(name);
  std::string out(name.substr(series.prefix.size()));
  if (out == "blt") return "B-LT";
  if (series.joined) {
    out[0] = static_cast<char>(std::toupper(static_cast<unsigned char>(out[0])));
    return out;
  }
  constexpr std::string_view kOpenAi = "-quickgelu";
  if (out.ends_with(kOpenAi)) out.replace(out.size() - kOpenAi.size(), kOpenAi.size(), " (OpenAI)");
  return out;
}

double radius_of(const FamilyRow& row) { return 0.55 * std::sqrt(row.parameters); }

struct Box {
  double left, top, right, bottom;
  bool meets(const Box& other) const {
    return left < other.right && other.left < right && top < other.bottom && other.top < bottom;
  }
};

struct Range {
  double low, high;
};

/// 1, 2, 5, 10, … within the range.
std::vector<double> ticks(const Range& range) {
  std::vector<double> out;
  for (double decade = 1e-3; decade <= range.high; decade *= 10) {
    for (const double step : {1, 2, 5}) {
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
    return kLeft + share * (kRightEdge - kLeft);
  }
  double y(double percent) const {
    const double share = (percent - accuracy_.low) / (accuracy_.high - accuracy_.low);
    return kBottomEdge - share * (kBottomEdge - kTop);
  }

  void heading(std::string_view caption) {
    text(kLeft, 22, "start", "ImageNet accuracy over latency",
         "font-size=\"16\" font-weight=\"bold\"");
    text(kLeft, 42, "start", caption, "fill=\"#555555\"");
    double at = kLeft + 6;
    for (const Series& series : kSeries) {
      circle(at, 62, 5, series.colour);
      text(at + 11, 66, "start", series.name);
      at += 11 + kLetter * static_cast<double>(series.name.size()) + 24;
    }
    text(at, 66, "start", "area of a circle: parameters", "fill=\"#555555\"");
  }

  void axes() {
    for (const double ms : ticks(latency_)) {
      line(x(ms), kTop, x(ms), kBottomEdge);
      text(x(ms), kBottomEdge + 18, "middle", fmt::format("{:g}", ms));
    }
    for (double percent = accuracy_.low; percent <= accuracy_.high; percent += 5) {
      line(kLeft, y(percent), kRightEdge, y(percent));
      text(kLeft - 8, y(percent) + 4, "end", fmt::format("{:g}", percent));
    }
    text((kLeft + kRightEdge) / 2, kHeight - 14, "middle",
         "latency of one image and one text of full length, ms, measured");
    out_ += fmt::format(
        "<text transform=\"translate(20,{:.1f}) rotate(-90)\" text-anchor=\"middle\">ImageNet-1k "
        "zero-shot top-1, %, published</text>\n",
        (kTop + kBottomEdge) / 2);
  }

  void join(std::vector<const FamilyRow*> rows, std::string_view colour) {
    std::ranges::stable_sort(rows, {}, &FamilyRow::total_ms);
    std::string path;
    for (const FamilyRow* row : rows) {
      path += fmt::format("{}{:.1f} {:.1f}", path.empty() ? "M" : "L", x(row->total_ms()),
                          y(*row->imagenet));
    }
    out_ += fmt::format(
        "<path d=\"{}\" stroke=\"{}\" stroke-opacity=\"0.4\" stroke-width=\"1.5\" "
        "fill=\"none\"/>\n",
        path, colour);
  }

  void point(const FamilyRow& row) {
    const double r = radius_of(row), cx = x(row.total_ms()), cy = y(*row.imagenet);
    circle(cx, cy, r, series_of(row.name).colour);
    taken_.push_back({cx - r, cy - r, cx + r, cy + r});
  }

  /// Beside its circle where nothing is yet, as near as can be.
  void label(const FamilyRow& row) {
    const std::string words = label_of(row.name);
    const double width = kLetter * static_cast<double>(words.size()), r = radius_of(row);
    const double cx = x(row.total_ms()), cy = y(*row.imagenet);
    Box box{};
    for (double away = r + 4; away < r + 60; away += 4) {
      for (int eighth = 0; eighth < 16; ++eighth) {
        const double angle = std::numbers::pi * eighth / 8;
        // The centre of the label, so that its edge is `away` from the circle's centre.
        const double lx = cx + std::cos(angle) * (away + width / 2);
        const double ly = cy - std::sin(angle) * (away + kLine / 2);
        box = {lx - width / 2, ly - kLine / 2, lx + width / 2, ly + kLine / 2};
        if (is_free(box)) {
          write_label(row, words, box, away > r + 8);
          return;
        }
      }
    }
    write_label(row, words, box, true);
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
  bool is_free(const Box& box) const {
    return box.left > kLeft && box.right < kRightEdge && box.top > kTop &&
           box.bottom < kBottomEdge &&
           std::ranges::none_of(taken_, [&](const Box& other) { return other.meets(box); });
  }
  void write_label(const FamilyRow& row, std::string_view words, const Box& box, bool led) {
    const std::string_view colour = series_of(row.name).colour;
    if (led) {
      out_ += fmt::format(
          "<path d=\"M{:.1f} {:.1f}L{:.1f} {:.1f}\" stroke=\"{}\" stroke-width=\"0.7\"/>\n",
          x(row.total_ms()), y(*row.imagenet), std::clamp(x(row.total_ms()), box.left, box.right),
          (box.top + box.bottom) / 2, colour);
    }
    text((box.left + box.right) / 2, box.bottom - 2.5, "middle", words,
         fmt::format("fill=\"{}\" stroke=\"#ffffff\" stroke-width=\"3\" paint-order=\"stroke\"",
                     colour));
    taken_.push_back(box);
  }
  void line(double x1, double y1, double x2, double y2) {
    out_ +=
        fmt::format("<path d=\"M{:.1f} {:.1f}L{:.1f} {:.1f}\" stroke=\"#e2e2e2\" fill=\"none\"/>\n",
                    x1, y1, x2, y2);
  }
  void circle(double cx, double cy, double r, std::string_view colour) {
    out_ += fmt::format(
        "<circle cx=\"{:.1f}\" cy=\"{:.1f}\" r=\"{:.1f}\" fill=\"{}\" fill-opacity=\"0.8\"/>\n", cx,
        cy, r, colour);
  }
  void text(double at_x, double at_y, std::string_view anchor, std::string_view words,
            std::string_view style = "") {
    std::string safe;
    for (const char c : words) safe += c == '<' ? "&lt;" : c == '&' ? "&amp;" : std::string(1, c);
    out_ += fmt::format("<text x=\"{:.1f}\" y=\"{:.1f}\" text-anchor=\"{}\"{}{}>{}</text>\n", at_x,
                        at_y, anchor, style.empty() ? "" : " ", style, safe);
  }

  Range latency_, accuracy_;
  std::vector<Box> taken_;
  std::string out_;
};

}  // namespace

std::string family_svg(std::span<const FamilyRow> rows, std::string_view caption) {
  Range latency{HUGE_VAL, 0}, accuracy{HUGE_VAL, 0};
  std::vector<const FamilyRow*> shown;
  for (const FamilyRow& row : rows) {
    if (!row.imagenet) continue;
    shown.push_back(&row);
    latency = {std::min(latency.low, row.total_ms()), std::max(latency.high, row.total_ms())};
    accuracy = {std::min(accuracy.low, *row.imagenet), std::max(accuracy.high, *row.imagenet)};
  }
  Plot plot({latency.low / 1.4, latency.high * 1.4},
            {5 * std::floor(accuracy.low / 5), 5 * std::ceil(accuracy.high / 5)});
  plot.heading(caption);
  plot.axes();
  for (const Series& series : kSeries) {
    std::vector<const FamilyRow*> own;
    for (const FamilyRow* row : shown) {
      if (&series_of(row->name) == &series) own.push_back(row);
    }
    if (series.joined && own.size() > 1) plot.join(own, series.colour);
  }
  for (const FamilyRow* row : shown) plot.point(*row);
  for (const FamilyRow* row : shown) plot.label(*row);
  return plot.finish();
}

}  // namespace mobileclip::cli
