#include "eval/published_results.h"

#include <algorithm>
#include <charconv>
#include <sstream>

#include "base/error.h"

extern "C" {
extern const char mobileclip_asset_published_results_begin[];
extern const char mobileclip_asset_published_results_end[];
}

namespace mobileclip::eval {
namespace {

/// No cell of this table has quotes.
std::vector<std::string> cells_of(std::string_view line) {
  std::vector<std::string> out;
  while (true) {
    const size_t comma = line.find(',');
    out.emplace_back(line.substr(0, comma));
    if (comma == std::string_view::npos) return out;
    line.remove_prefix(comma + 1);
  }
}

}  // namespace

PublishedResults::PublishedResults() {
  const std::string_view table(mobileclip_asset_published_results_begin,
                               static_cast<size_t>(mobileclip_asset_published_results_end -
                                                   mobileclip_asset_published_results_begin));
  constexpr size_t kSuite = 0, kKey = 1, kDataset = 2, kImages = 4, kClasses = 5, kMain = 7;
  constexpr size_t kFirstModel = 8;
  std::istringstream text{std::string(table)};
  for (std::string line; std::getline(text, line);) {
    if (line.ends_with('\r')) line.pop_back();
    const std::vector<std::string> cells = cells_of(line);
    if (models_.empty()) {
      models_.assign(cells.begin() + kFirstModel, cells.end());
      continue;
    }
    if (cells.size() != kFirstModel + models_.size()) {
      fail(ErrorCode::kInternal, "the table of published results has a row of {} cells",
           cells.size());
    }
    PublishedRow row{cells[kSuite],   cells[kKey], cells[kDataset], cells[kMain], cells[kImages],
                     cells[kClasses], {}};
    for (size_t i = 0; i < models_.size(); ++i) row.cells[models_[i]] = cells[kFirstModel + i];
    rows_.push_back(std::move(row));
  }
}

const PublishedResults& PublishedResults::shared() {
  static const PublishedResults table;
  return table;
}

std::optional<std::string> PublishedResults::column_of(std::string_view model) const {
  std::string name(model == "mobileclip_blt" ? "mobileclip_b_lt" : model);
  std::ranges::replace(name, '-', '_');
  std::ranges::transform(name, name.begin(), [](unsigned char c) {
    return static_cast<char>(c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c);
  });
  if (std::ranges::find(models_, name) == models_.end()) return std::nullopt;
  return name;
}

std::optional<double> PublishedResults::value(std::string_view key, std::string_view column) const {
  const auto row = std::ranges::find(rows_, key, &PublishedRow::key);
  if (row == rows_.end()) return std::nullopt;
  const auto cell = row->cells.find(column);
  if (cell == row->cells.end()) return std::nullopt;
  double value = 0;
  const char* const end = cell->second.data() + cell->second.size();
  const auto result = std::from_chars(cell->second.data(), end, value);
  if (result.ec != std::errc() || result.ptr != end) return std::nullopt;
  return value;
}

std::string PublishedResults::protocol_of(std::string_view column) const {
  const auto classes = value("check/clevr_distance_classes", column);
  return classes && *classes == 5 ? "datacomp-1.4" : "datacomp";
}

}  // namespace mobileclip::eval
