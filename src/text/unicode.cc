#include "text/unicode.h"

#include <unicode/bytestream.h>
#include <unicode/casemap.h>
#include <unicode/locid.h>
#include <unicode/normalizer2.h>
#include <unicode/uchar.h>
#include <unicode/unistr.h>

#include <algorithm>

#include "base/error.h"
#include "base/utf8.h"

namespace mobileclip {
namespace {

icu::UnicodeString to_icu(std::u32string_view text) {
  return icu::UnicodeString::fromUTF32(reinterpret_cast<const UChar32*>(text.data()),
                                       static_cast<int32_t>(text.size()));
}

std::u32string from_icu(const icu::UnicodeString& text) {
  std::u32string out;
  out.reserve(static_cast<size_t>(text.length()));
  for (int32_t i = 0; i < text.length();) {
    const UChar32 c = text.char32At(i);
    out += static_cast<char32_t>(c);
    i += U16_LENGTH(c);
  }
  return out;
}

std::u32string normalize(const icu::Normalizer2* form, const std::u32string& text,
                         UErrorCode status) {
  const icu::UnicodeString normal = form->normalize(to_icu(text), status);
  if (U_FAILURE(status)) fail(ErrorCode::kInternal, "ICU: {}", u_errorName(status));
  return from_icu(normal);
}

}  // namespace

std::u32string to_code_points(std::string_view utf8, size_t* invalid) {
  std::u32string out;
  out.reserve(utf8.size());
  while (!utf8.empty()) {
    const Utf8Char c = decode_utf8(utf8);
    if (!c.valid && invalid != nullptr) ++*invalid;
    out += c.code_point;
    utf8.remove_prefix(c.length);
  }
  return out;
}

std::string to_utf8(std::u32string_view text) {
  std::string out;
  out.reserve(text.size());
  for (const char32_t c : text) append_utf8(c, out);
  return out;
}

bool is_space(char32_t c) {
  if (c < 0x80) return (c >= 0x09 && c <= 0x0D) || (c >= 0x1C && c <= 0x20);
  return c == 0x85 || c == 0xA0 || c == 0x1680 || (c >= 0x2000 && c <= 0x200A) || c == 0x2028 ||
         c == 0x2029 || c == 0x202F || c == 0x205F || c == 0x3000;
}

bool is_letter(char32_t c) {
  if (c < 0x80) return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
  return (U_GET_GC_MASK(static_cast<UChar32>(c)) & U_GC_L_MASK) != 0;
}

bool is_number(char32_t c) {
  if (c < 0x80) return c >= '0' && c <= '9';
  return (U_GET_GC_MASK(static_cast<UChar32>(c)) & U_GC_N_MASK) != 0;
}

bool is_decimal_digit(char32_t c) {
  if (c < 0x80) return c >= '0' && c <= '9';
  return u_charType(static_cast<UChar32>(c)) == U_DECIMAL_DIGIT_NUMBER;
}

bool is_word(char32_t c) { return c == '_' || is_letter(c) || is_number(c); }

std::u32string normalize_nfc(const std::u32string& text) {
  UErrorCode status = U_ZERO_ERROR;
  return normalize(icu::Normalizer2::getNFCInstance(status), text, status);
}

std::u32string normalize_nfkc(const std::u32string& text) {
  UErrorCode status = U_ZERO_ERROR;
  return normalize(icu::Normalizer2::getNFKCInstance(status), text, status);
}

std::u32string lower_case(const std::u32string& text) {
  icu::UnicodeString lower = to_icu(text);
  return from_icu(lower.toLower(icu::Locale::getRoot()));
}

}  // namespace mobileclip
