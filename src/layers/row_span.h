/// Which rows of a packed batch belong to which item.
#ifndef MOBILECLIP_LAYERS_ROW_SPAN_H_
#define MOBILECLIP_LAYERS_ROW_SPAN_H_

#include <cstddef>
#include <span>
#include <vector>

namespace mobileclip {

/// Rows [first, first + count).
struct RowSpan {
  size_t first = 0, count = 0;
};

/// n items of `count` rows, one after the other.
inline std::vector<RowSpan> equal_spans(size_t n, size_t count) {
  std::vector<RowSpan> out(n);
  for (size_t i = 0; i < n; ++i) out[i] = {i * count, count};
  return out;
}

/// Rows of all of them together.
inline size_t total_rows(std::span<const RowSpan> spans) {
  size_t rows = 0;
  for (const RowSpan& span : spans) rows += span.count;
  return rows;
}

}  // namespace mobileclip

#endif  // MOBILECLIP_LAYERS_ROW_SPAN_H_
