/// UTF-8 decoding that cannot fail: every bad part is one marked step.
#ifndef MOBILECLIP_BASE_UTF8_H_
#define MOBILECLIP_BASE_UTF8_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace mobileclip {

struct Utf8Char {
  char32_t code_point;  ///< U+FFFD if not valid
  uint8_t length;       ///< bytes taken, 1–4: of a bad sequence its maximal subpart
  bool valid;
};

/// The first character of a non-empty string (Unicode 15, table 3-7; maximal subparts as in §3.9).
Utf8Char decode_utf8(std::string_view bytes);

/// Appends a code point (not a surrogate, ≤ U+10FFFF) to `out`.
void append_utf8(char32_t code_point, std::string& out);

/// True if all of `bytes` is valid UTF-8.
bool is_utf8(std::string_view bytes);

}  // namespace mobileclip

#endif  // MOBILECLIP_BASE_UTF8_H_
