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

constexpr size_t kLongestText = size_t{1} << 29;  // ICU counts UTF-16 units in 32 bits
constexpr size_t kLongMarks = 32;

icu::UnicodeString to_icu(std::u32string_view text) {
  if (text.size() > kLongestText) {
    fail(ErrorCode::kInvalidArgument,
         "clean text: {} characters are more than the {} that can be cleaned at once", text.size(),
         kLongestText);
  }
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

bool begins_with_mark(char32_t c) {
  return c >= 0x300 &&
         u_getIntPropertyValue(static_cast<UChar32>(c), UCHAR_LEAD_CANONICAL_COMBINING_CLASS) != 0;
}

/// Long runs of combining marks, decomposed and in canonical order: an equivalent text, on which
/// ICU, which sorts marks by insertion, does not take quadratic time.
std::u32string order_long_marks(const std::u32string& text) {
  const icu::Normalizer2* nfd = nullptr;
  std::u32string out;
  out.reserve(text.size());
  for (size_t at = 0; at < text.size();) {
    size_t end = at;
    while (end < text.size() && begins_with_mark(text[end])) ++end;
    const size_t begin_out = out.size();
    if (end - at < kLongMarks) {
      end = std::max(end, at + 1);
      out.append(text, at, end - at);
    } else {
      UErrorCode status = U_ZERO_ERROR;
      if (nfd == nullptr) nfd = icu::Normalizer2::getNFDInstance(status);
      if (U_FAILURE(status)) fail(ErrorCode::kInternal, "ICU: {}", u_errorName(status));
      icu::UnicodeString parts;
      for (; at < end; ++at) {
        const auto mark = static_cast<UChar32>(text[at]);
        out += nfd->getDecomposition(mark, parts) ? from_icu(parts) : std::u32string(1, text[at]);
      }
      std::stable_sort(out.begin() + static_cast<ptrdiff_t>(begin_out), out.end(),
                       [](char32_t a, char32_t b) {
                         return u_getCombiningClass(static_cast<UChar32>(a)) <
                                u_getCombiningClass(static_cast<UChar32>(b));
                       });
    }
    at = end;
  }
  return out;
}

const icu::Normalizer2* checked(const icu::Normalizer2* (*get)(UErrorCode&)) {
  UErrorCode status = U_ZERO_ERROR;
  const icu::Normalizer2* form = get(status);
  if (U_FAILURE(status)) fail(ErrorCode::kInternal, "ICU: {}", u_errorName(status));
  return form;
}

std::u32string normalize(const icu::Normalizer2* form, const std::u32string& text) {
  UErrorCode status = U_ZERO_ERROR;
  const icu::UnicodeString normal = form->normalize(to_icu(order_long_marks(text)), status);
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

// ICU makes its tables on first use; a static of ours orders that before every other thread's use.
std::u32string normalize_nfc(const std::u32string& text) {
  // Nothing below the first combining mark decomposes for good or composes with its neighbour.
  if (std::ranges::all_of(text, [](char32_t c) { return c < 0x300; })) return text;
  static const icu::Normalizer2* const form = checked(icu::Normalizer2::getNFCInstance);
  return normalize(form, text);
}

std::u32string normalize_nfkc(const std::u32string& text) {
  static const icu::Normalizer2* const form = checked(icu::Normalizer2::getNFKCInstance);
  return normalize(form, text);
}

std::u32string lower_case(const std::u32string& text) {
  std::u32string out;
  out.reserve(text.size());
  // Word by word, most of them ASCII: what is beyond a space has no say in the final sigma rule.
  for (size_t begin = 0; begin < text.size();) {
    const size_t space = text.find(U' ', begin);
    const size_t end = space == std::u32string::npos ? text.size() : space + 1;
    const std::u32string_view word = std::u32string_view(text).substr(begin, end - begin);
    if (std::ranges::all_of(word, [](char32_t c) { return c < 0x80; })) {
      for (const char32_t c : word) out += c >= 'A' && c <= 'Z' ? c | 0x20 : c;
    } else {
      icu::UnicodeString lower = to_icu(word);
      out += from_icu(lower.toLower(icu::Locale::getRoot()));
    }
    begin = end;
  }
  return out;
}

}  // namespace mobileclip
