/// Code-point strings and the properties the cleaning needs; Unicode 15 through ICU 72.
#ifndef MOBILECLIP_TEXT_UNICODE_H_
#define MOBILECLIP_TEXT_UNICODE_H_

#include <string>
#include <string_view>

namespace mobileclip {

/// Decodes; each maximal bad subpart becomes U+FFFD and adds one to *invalid.
std::u32string to_code_points(std::string_view utf8, size_t* invalid);
std::string to_utf8(std::u32string_view text);

/// Python's str.isspace set, as far as single characters go.
bool is_space(char32_t c);
/// Python's \w: alphanumeric or '_'.
bool is_word(char32_t c);
bool is_letter(char32_t c);         ///< \p{L}
bool is_number(char32_t c);         ///< \p{N}
bool is_decimal_digit(char32_t c);  ///< \p{Nd}

std::u32string normalize_nfc(const std::u32string& text);
std::u32string normalize_nfkc(const std::u32string& text);
/// Full mapping with the final sigma rule, no language.
std::u32string lower_case(const std::u32string& text);

}  // namespace mobileclip

#endif  // MOBILECLIP_TEXT_UNICODE_H_
