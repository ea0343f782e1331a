#include "eval/report.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "eval/published_results.h"
#include "eval/registry.h"

namespace mobileclip::eval {
namespace {

using Cells = std::vector<std::string>;

/// Every key of any column: those of the registry in its order, then the others as they come.
std::vector<std::string> keys_of(const std::vector<ReportColumn>& columns) {
  std::vector<std::string> out;
  const auto has = [&](std::string_view key) {
    return std::ranges::any_of(columns, [&](const ReportColumn& column) {
      return !column.published &&
             std::ranges::find(column.rows, key, &ResultRow::key) != column.rows.end();
    });
  };
  for (const Dataset& dataset : registry()) {
    if (has(dataset.key)) out.emplace_back(dataset.key);
  }
  for (const ReportColumn& column : columns) {
    for (const ResultRow& row : column.rows) {
      if (column.published || std::ranges::find(out, row.key) != out.end()) continue;
      out.push_back(row.key);
    }
  }
  return out;
}

const ResultRow* row_of(const ReportColumn& column, std::string_view key) {
  const auto found = std::ranges::find(column.rows, key, &ResultRow::key);
  return found == column.rows.end() ? nullptr : &*found;
}

std::string name_of(const std::vector<ReportColumn>& columns, const std::string& key) {
  for (const ReportColumn& column : columns) {
    const ResultRow* row = row_of(column, key);
    if (row != nullptr && !row->dataset.empty()) return row->dataset;
  }
  return key;
}

std::string metric_of(const std::string& key) {
  const Dataset* dataset = find_dataset(key);
  if (dataset == nullptr) return "main_metric";
  return std::string(dataset->main_metric);
}

/// The main metric's half width, in the row's own measure; nothing if it is no share.
std::optional<double> width_of(const ResultRow& row) {
  const Metrics::Value* width = row.meta.half_widths.find(metric_of(row.key));
  if (width == nullptr && find_dataset(row.key) == nullptr) {
    width = row.meta.half_widths.find("acc1");
  }
  return width == nullptr ? std::nullopt : *width;
}

/// "67.79 ±0.41", "67.79*" for an incomplete row, "-" for none.
std::string value_text(const ResultRow* row) {
  if (row == nullptr || !row->main_metric()) return "-";
  std::string out = fmt::format("{:.2f}", 100 * *row->main_metric());
  if (const auto width = width_of(*row)) out += fmt::format(" ±{:.2f}", 100 * *width);
  if (!row->meta.incomplete.empty()) out += " *";
  return out;
}

/// Averages of a column: name and text.
std::vector<std::pair<std::string, std::string>> averages_of(const ReportColumn& column,
                                                             const ReportOptions& options) {
  std::vector<std::pair<std::string, std::string>> out;
  for (const Aggregate& a : aggregates(main_metrics(column.rows, options.allow_partial))) {
    if (a.keys.size() == 1) continue;  // the dataset's own line says it
    std::string text = "-";
    if (a.value) {
      text = fmt::format("{:.1f}", 100 * *a.value);
    } else if (a.over_present) {
      text =
          fmt::format("- (over {} of {}: {:.1f})", a.present, a.keys.size(), 100 * *a.over_present);
    }
    out.emplace_back(a.name, text);
  }
  return out;
}

/// Head, one line per dataset, averages.
std::vector<Cells> cells_of(const std::vector<ReportColumn>& columns,
                            const ReportOptions& options) {
  std::vector<Cells> out;
  Cells head = {"dataset", "metric", "n"};
  for (const ReportColumn& column : columns) head.push_back(column.name);
  out.push_back(head);
  for (const std::string& key : keys_of(columns)) {
    Cells line = {name_of(columns, key), metric_of(key), ""};
    for (const ReportColumn& column : columns) {
      const ResultRow* row = row_of(column, key);
      if (row != nullptr && row->meta.n > 0 && line[2].empty()) {
        line[2] = std::to_string(row->meta.n);
      }
      line.push_back(value_text(row));
    }
    out.push_back(line);
  }
  std::vector<std::vector<std::pair<std::string, std::string>>> averages;
  averages.reserve(columns.size());
  for (const ReportColumn& column : columns) averages.push_back(averages_of(column, options));
  for (size_t i = 0; !averages.empty() && i < averages[0].size(); ++i) {
    Cells line = {averages[0][i].first, "mean of main metrics", ""};
    for (const auto& column : averages) line.push_back(column[i].second);
    out.push_back(line);
  }
  return out;
}

bool any_incomplete(const std::vector<ReportColumn>& columns) {
  return std::ranges::any_of(columns, [](const ReportColumn& column) {
    return std::ranges::any_of(column.rows,
                               [](const ResultRow& row) { return !row.meta.incomplete.empty(); });
  });
}

constexpr const char* kStar = "* incomplete: not what was published; left out of the averages";

/// Characters, not bytes: ± is one.
size_t width(const std::string& text) {
  return static_cast<size_t>(std::ranges::count_if(
      text, [](char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; }));
}

std::string csv_cell(const std::string& text) {
  if (text.find_first_of(",\"\n\r") == std::string::npos) return text;
  std::string out = "\"";
  for (const char c : text) out += c == '"' ? std::string("\"\"") : std::string(1, c);
  return out + "\"";
}

}  // namespace

ReportColumn published_column(const std::string& column) {
  ReportColumn out{column + ", published", {}, true};
  for (const PublishedRow& published : PublishedResults::shared().rows()) {
    const auto value = PublishedResults::shared().value(published.key, column);
    if (published.suite != "datacomp38" || !value) continue;
    ResultRow row{published.key, published.dataset, {}, {}};
    row.metrics.set("main_metric", *value);
    out.rows.push_back(std::move(row));
  }
  return out;
}

std::string report_table(const std::vector<ReportColumn>& columns, const ReportOptions& options) {
  const std::vector<Cells> cells = cells_of(columns, options);
  std::vector<size_t> widths(cells[0].size(), 0);
  for (const Cells& line : cells) {
    for (size_t i = 0; i < line.size(); ++i) widths[i] = std::max(widths[i], width(line[i]));
  }
  std::string out;
  for (const Cells& line : cells) {
    std::string text;
    for (size_t i = 0; i < line.size(); ++i) {
      text += line[i] + std::string(widths[i] - width(line[i]) + 2, ' ');
    }
    out += text.substr(0, text.find_last_not_of(' ') + 1) + "\n";
  }
  if (any_incomplete(columns)) out += std::string(kStar) + "\n";
  return out;
}

std::string report_markdown(const std::vector<ReportColumn>& columns,
                            const ReportOptions& options) {
  std::string out;
  bool head = true;
  for (const Cells& line : cells_of(columns, options)) {
    out += fmt::format("| {} |\n", fmt::join(line, " | "));
    for (size_t i = 0; head && i < line.size(); ++i) out += "|---";
    if (head) out += "|\n";
    head = false;
  }
  if (any_incomplete(columns)) out += fmt::format("\n\\{}\n", kStar);
  return out;
}

std::string report_csv(const std::vector<ReportColumn>& columns, const ReportOptions&) {
  std::string out = "key,dataset,model,metric,value,half_width_95,n,incomplete\n";
  for (const std::string& key : keys_of(columns)) {
    for (const ReportColumn& column : columns) {
      const ResultRow* row = row_of(column, key);
      if (row == nullptr) continue;
      for (const auto& [name, value] : row->metrics.values()) {
        const Metrics::Value* w = row->meta.half_widths.find(name);
        const bool number = value && std::isfinite(*value);
        out += fmt::format("{},{},{},{},{},{},{},{}\n", csv_cell(key), csv_cell(row->dataset),
                           csv_cell(column.name), csv_cell(name),
                           number ? fmt::format("{}", *value) : "",
                           w != nullptr && *w ? fmt::format("{}", **w) : "",
                           row->meta.n > 0 ? std::to_string(row->meta.n) : "",
                           csv_cell(fmt::format("{}", fmt::join(row->meta.incomplete, "; "))));
      }
    }
  }
  return out;
}

std::string report_json(const std::vector<ReportColumn>& columns, const ReportOptions& options) {
  nlohmann::ordered_json out = nlohmann::ordered_json::array();
  for (const ReportColumn& column : columns) {
    nlohmann::ordered_json one;
    one["name"] = column.name;
    one["main_metrics"] = nlohmann::ordered_json::object();
    for (const ResultRow& row : column.rows) {
      const Metrics::Value value = row.main_metric();
      one["main_metrics"][row.key] = value ? nlohmann::ordered_json(*value) : nullptr;
    }
    one["averages"] = nlohmann::ordered_json::object();
    for (const Aggregate& a : aggregates(main_metrics(column.rows, options.allow_partial))) {
      one["averages"][std::string(a.name)] = {
          {"value", a.value ? nlohmann::ordered_json(*a.value) : nullptr},
          {"present", a.present},
          {"of", a.keys.size()}};
    }
    out.push_back(one);
  }
  return out.dump(2, ' ', false, nlohmann::ordered_json::error_handler_t::replace) + "\n";
}

}  // namespace mobileclip::eval
