#include "text/clean.h"

#include <algorithm>
#include <unordered_map>

#include "text/fix_encoding.h"
#include "text/html_entities.h"
#include "text/tokenizer.h"
#include "text/unicode.h"

namespace mobileclip {
namespace {

constexpr size_t kLongestSegment =
    1'000'000;  // of a line without an end; more is cut, as ftfy does

const std::unordered_map<char32_t, std::u32string>& ligatures() {
  static const std::unordered_map<char32_t, std::u32string> table = {
      {0x132, U"IJ"},  {0x133, U"ij"},  {0x149, U"ʼn"},  {0x1C4, U"DŽ"},   {0x1C5, U"Dž"},
      {0x1C6, U"dž"},  {0x1C7, U"LJ"},  {0x1C8, U"Lj"},  {0x1C9, U"lj"},   {0x1CA, U"NJ"},
      {0x1CB, U"Nj"},  {0x1CC, U"nj"},  {0x1F1, U"DZ"},  {0x1F2, U"Dz"},   {0x1F3, U"dz"},
      {0xFB00, U"ff"}, {0xFB01, U"fi"}, {0xFB02, U"fl"}, {0xFB03, U"ffi"}, {0xFB04, U"ffl"},
      {0xFB05, U"ſt"}, {0xFB06, U"st"}};
  return table;
}

bool is_removed_control(char32_t c) {
  return c <= 0x08 || c == 0x0B || (c >= 0x0E && c <= 0x1F) || c == 0x7F ||
         (c >= 0x206A && c <= 0x206F) || c == 0xFEFF || (c >= 0xFFF9 && c <= 0xFFFC);
}

/// Full- and half-width forms as the ordinary ones; each alone, so that marks do not combine here.
std::u32string fix_width(char32_t c) {
  if (c == 0x3000) return U" ";
  if (c >= 0xFF01 && c <= 0xFFEF) return normalize_nfkc(std::u32string(1, c));
  return std::u32string(1, c);
}

char32_t uncurl(char32_t c) {
  if (c == 0x2BC || (c >= 0x2018 && c <= 0x201B)) return '\'';
  if (c >= 0x201C && c <= 0x201F) return '"';
  return c;
}

/// Steps that look at one character at a time, in one pass: ligatures, width, quotes.
std::u32string fix_characters(const std::u32string& text) {
  std::u32string out;
  out.reserve(text.size());
  for (const char32_t c : text) {
    if (c < 0x80) {
      out += c;
      continue;
    }
    const auto ligature = ligatures().find(c);
    const std::u32string parts =
        ligature != ligatures().end() ? ligature->second : std::u32string(1, c);
    for (const char32_t part : parts) {
      for (const char32_t plain : fix_width(part)) out += uncurl(plain);
    }
  }
  return out;
}

std::u32string fix_line_breaks(const std::u32string& text) {
  std::u32string out;
  out.reserve(text.size());
  for (size_t i = 0; i < text.size(); ++i) {
    const char32_t c = text[i];
    if (c == '\r' && i + 1 < text.size() && text[i + 1] == '\n') continue;
    out += c == '\r' || c == 0x2028 || c == 0x2029 || c == 0x85 ? U'\n' : c;
  }
  return out;
}

/// Length of ESC [ digits-and-semicolons letter at text[at…], 0 if it is none.
size_t terminal_escape(const std::u32string& text, size_t at) {
  if (text[at] != 0x1B || at + 1 >= text.size() || text[at + 1] != '[') return 0;
  size_t end = at + 2;
  // Any decimal digit of Unicode counts, as in the reference.
  while (end < text.size() && (text[end] == ';' || is_decimal_digit(text[end]))) ++end;
  if (end >= text.size()) return 0;
  const char32_t letter = text[end] | 0x20;
  return text[end] < 0x80 && letter >= 'a' && letter <= 'z' ? end + 1 - at : 0;
}

std::u32string remove_terminal_escapes(const std::u32string& text) {
  if (text.find(U'\x1b') == std::u32string::npos) return text;
  std::u32string out;
  // No sequence can end beyond the last letter that follows a run of digits: each is read once.
  for (size_t at = 0; at < text.size();) {
    const size_t size = terminal_escape(text, at);
    if (size == 0) out += text[at];
    at += std::max<size_t>(size, 1);
  }
  return out;
}

bool is_ascii(const std::u32string& text) {
  return std::ranges::all_of(text, [](char32_t c) { return c < 0x80; });
}

/// Bounds what nested references can cost: "&amp;amp;amp;…" loses one layer in each round, which
/// would take quadratic time. Beyond kFreeRounds, the rounds of all lines together may read
/// kExtraCharacters, so texts under 4 KiB are always repaired to the end.
class RoundLimit {
 public:
  bool allows(size_t round, size_t size) {
    if (round < kFreeRounds) return true;
    if (size > left_) return false;
    left_ -= size;
    return true;
  }

 private:
  static constexpr size_t kFreeRounds = 8;
  static constexpr size_t kExtraCharacters = size_t{1} << 22;
  size_t left_ = kExtraCharacters;
};

/// No step would change it.
bool is_plain(const std::u32string& text) {
  return std::ranges::all_of(text, [](char32_t c) {
    return (c >= 0x20 && c < 0x7F && c != '&') || c == '\n' || c == '\t' || c == '\f';
  });
}

std::u32string fix_segment(std::u32string text, bool unescape, RoundLimit& limit) {
  if (is_plain(text)) return text;
  for (size_t round = 0; limit.allows(round, text.size()); ++round) {
    const std::u32string original = text;
    if (unescape) text = html_unescape_closed(text);
    text = fix_c1_controls(fix_encoding(std::move(text)));
    text = remove_terminal_escapes(fix_line_breaks(fix_characters(text)));
    std::erase_if(text, is_removed_control);
    if (!is_ascii(text)) text = normalize_nfc(text);
    if (text == original) break;
  }
  return text;
}

}  // namespace

std::u32string fix_text(const std::u32string& text) {
  std::u32string out;
  bool unescape = true;
  RoundLimit limit;
  for (size_t begin = 0; begin < text.size();) {
    const size_t newline = text.find(U'\n', begin);
    size_t end = newline == std::u32string::npos ? text.size() : newline + 1;
    end = std::min(end, begin + kLongestSegment);
    std::u32string segment = text.substr(begin, end - begin);
    // Where a tag may be, references are left: from here to the end.
    if (segment.find(U'<') != std::u32string::npos) unescape = false;
    out += fix_segment(std::move(segment), unescape, limit);
    begin = end;
  }
  return out;
}

std::u32string collapse_space(std::u32string_view text) {
  std::u32string out;
  out.reserve(text.size());
  bool pending = false;
  for (const char32_t c : text) {
    if (is_space(c)) {
      pending = !out.empty();
      continue;
    }
    if (pending) out += U' ';
    pending = false;
    out += c;
  }
  return out;
}

std::u32string clean(const std::u32string& text) {
  return lower_case(collapse_space(html_unescape(html_unescape(fix_text(text)))));
}

std::string clean_text(std::string_view text, size_t* invalid_utf8) {
  size_t invalid = 0;
  const std::u32string cleaned = clean(to_code_points(text, &invalid));
  if (invalid_utf8 != nullptr) *invalid_utf8 = invalid;
  return to_utf8(cleaned);
}

}  // namespace mobileclip
