#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <set>

#include "eval/registry.h"
#include "eval/report.h"

namespace mobileclip::eval {
namespace {

constexpr int kLabel = 190, kPlot = 560, kRight = 70, kBar = 11, kGap = 8, kTop = 48;
constexpr std::array kColours = {"#2563a8", "#c8ccd2", "#d9822b", "#3f8f4f", "#8e5ea2"};

std::string escaped(const std::string& text) {
  std::string out;
  for (const char c : text) {
    switch (c) {
      case '&':
        out += "&amp;";
        break;
      case '<':
        out += "&lt;";
        break;
      case '>':
        out += "&gt;";
        break;
      default:
        // Characters that XML does not know, escaped or not.
        out += static_cast<unsigned char>(c) < 0x20 ? ' ' : c;
    }
  }
  return out;
}

std::string text_at(double x, double y, const char* anchor, const std::string& text) {
  return fmt::format("<text x=\"{:.1f}\" y=\"{:.1f}\" text-anchor=\"{}\">{}</text>\n", x, y, anchor,
                     escaped(text));
}

std::string box(double x, double y, double width, double height, const char* colour) {
  return fmt::format(
      "<rect x=\"{:.1f}\" y=\"{:.1f}\" width=\"{:.1f}\" height=\"{:.1f}\" fill=\"{}\"/>\n", x, y,
      width, height, colour);
}

struct Line {
  std::string name;
  std::vector<const ResultRow*> rows;  // by column
};

std::vector<Line> lines_of(const std::vector<ReportColumn>& columns) {
  std::vector<std::string> keys;
  std::set<std::string> ours;
  for (const ReportColumn& column : columns) {
    for (const ResultRow& row : column.rows) {
      if (!column.published && ours.insert(row.key).second) keys.push_back(row.key);
    }
  }
  const auto place = [](const std::string& key) {
    const Dataset* dataset = find_dataset(key);
    return dataset == nullptr ? registry().size()
                              : static_cast<size_t>(dataset - registry().data());
  };
  std::ranges::stable_sort(keys, {}, place);
  std::vector<Line> out;
  for (const std::string& key : keys) {
    Line line{key, {}};
    bool any = false;
    for (const ReportColumn& column : columns) {
      const auto row = std::ranges::find(column.rows, key, &ResultRow::key);
      const bool has = row != column.rows.end() && row->main_metric();
      line.rows.push_back(has ? &*row : nullptr);
      if (has && !row->dataset.empty()) line.name = row->dataset;
      any = any || has;
    }
    if (any) out.push_back(std::move(line));
  }
  return out;
}

std::string axis(int height) {
  std::string out;
  for (int percent = 0; percent <= 100; percent += 20) {
    const double x = kLabel + kPlot * percent / 100.0;
    out += fmt::format(
        "<line x1=\"{0:.1f}\" y1=\"{1}\" x2=\"{0:.1f}\" y2=\"{2}\" "
        "stroke=\"#e3e5e8\"/>\n",
        x, kTop - 6, height - 8);
    out += text_at(x, kTop - 12, "middle", fmt::format("{} %", percent));
  }
  return out;
}

}  // namespace

std::string report_svg(const std::vector<ReportColumn>& columns, const ReportOptions&) {
  const std::vector<Line> lines = lines_of(columns);
  const int per_line = static_cast<int>(columns.size()) * kBar + kGap;
  const int height = kTop + static_cast<int>(lines.size()) * per_line + 12;
  const int whole = kLabel + kPlot + kRight;
  std::string out = fmt::format(
      "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{0}\" height=\"{1}\" viewBox=\"0 0 {0} "
      "{1}\" font-family=\"sans-serif\" font-size=\"10\" fill=\"#30343a\">\n"
      "<rect width=\"{0}\" height=\"{1}\" fill=\"#ffffff\"/>\n",
      whole, height);
  double x = kLabel;
  for (size_t c = 0; c < columns.size(); ++c) {
    out += box(x, 8, 10, 10, kColours[c % kColours.size()]);
    out += text_at(x + 14, 17, "start", columns[c].name);
    x += 30 + 6.2 * static_cast<double>(columns[c].name.size());
  }
  out += axis(height);
  int y = kTop;
  for (const Line& line : lines) {
    out += text_at(kLabel - 8, y + (per_line - kGap) / 2.0 + 3.5, "end", line.name);
    for (size_t c = 0; c < columns.size(); ++c) {
      if (line.rows[c] == nullptr) continue;
      const double value = std::clamp(*line.rows[c]->main_metric(), 0.0, 1.0);
      const double top = y + static_cast<double>(c) * kBar;
      out += box(kLabel, top, value * kPlot, kBar - 1, kColours[c % kColours.size()]);
      const bool whole_row = line.rows[c]->meta.incomplete.empty();
      out += text_at(kLabel + value * kPlot + 4, top + kBar - 1.5, "start",
                     fmt::format("{:.1f}{}", 100 * value, whole_row ? "" : " *"));
    }
    y += per_line;
  }
  return out + "</svg>\n";
}

}  // namespace mobileclip::eval
