/// HTML character references.
#ifndef MOBILECLIP_TEXT_HTML_ENTITIES_H_
#define MOBILECLIP_TEXT_HTML_ENTITIES_H_

#include <string>

namespace mobileclip {

/// As Python's html.unescape: HTML5 names, the old ones also without semicolon and as prefixes, and
/// numbers with the standard's replacements for invalid code points.
std::u32string html_unescape(const std::u32string& text);

/// As the first step of text repair: only references with a semicolon, upper-cased names included.
std::u32string html_unescape_closed(const std::u32string& text);

}  // namespace mobileclip

#endif  // MOBILECLIP_TEXT_HTML_ENTITIES_H_
