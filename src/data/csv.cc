#include "data/csv.h"

#include "base/error.h"

namespace mobileclip {

std::vector<std::vector<std::string>> parse_csv(std::string_view text, const std::string& what) {
  std::vector<std::vector<std::string>> rows;
  std::vector<std::string> row;
  std::string cell;
  bool quoted = false;
  const auto end_row = [&] {
    if (row.empty() && cell.empty()) return;
    row.push_back(std::move(cell));
    cell.clear();
    rows.push_back(std::move(row));
    row.clear();
  };
  for (size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    const bool doubled = c == '"' && i + 1 < text.size() && text[i + 1] == '"';
    if (quoted) {
      if (doubled) ++i;
      if (c == '"' && !doubled) {
        quoted = false;
      } else {
        cell += c;
      }
    } else if (c == '"' && cell.empty()) {
      quoted = true;
    } else if (c == ',') {
      row.push_back(std::move(cell));
      cell.clear();
    } else if (c == '\n') {
      if (cell.ends_with('\r')) cell.pop_back();
      end_row();
    } else {
      cell += c;
    }
  }
  if (quoted) fail(ErrorCode::kDamaged, "{}: a quoted cell is never closed", what);
  end_row();
  return rows;
}

}  // namespace mobileclip
