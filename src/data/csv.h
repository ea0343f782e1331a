/// Tables with commas (RFC 4180).
#ifndef MOBILECLIP_DATA_CSV_H_
#define MOBILECLIP_DATA_CSV_H_

#include <string>
#include <string_view>
#include <vector>

namespace mobileclip {

/// All rows; a cell in double quotes may hold commas, line ends and doubled quotes. Lines end in LF
/// or CRLF; an empty line is no row. Error kDamaged for a quote that is never closed.
std::vector<std::vector<std::string>> parse_csv(std::string_view text, const std::string& what);

}  // namespace mobileclip

#endif  // MOBILECLIP_DATA_CSV_H_
