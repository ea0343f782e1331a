/// The cleaning before a text is split into words.
#ifndef MOBILECLIP_TEXT_CLEAN_H_
#define MOBILECLIP_TEXT_CLEAN_H_

#include <string>
#include <string_view>

namespace mobileclip {

/// Repair (as ftfy 6.3.1's fix_text with its defaults), line by line.
std::u32string fix_text(const std::u32string& text);

/// Runs of white space become one space; none at the ends.
std::u32string collapse_space(std::u32string_view text);

/// fix_text, html_unescape twice, collapse_space, lower_case.
std::u32string clean(const std::u32string& text);

}  // namespace mobileclip

#endif  // MOBILECLIP_TEXT_CLEAN_H_
