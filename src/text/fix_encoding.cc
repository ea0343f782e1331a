#include "text/fix_encoding.h"

#include <algorithm>
#include <array>
#include <optional>
#include <string_view>

#include "base/utf8.h"
#include "text/code_pages.h"
#include "text/mojibake.h"

namespace mobileclip {
namespace {

constexpr std::string_view kReplacementBytes = "\xef\xbf\xbd";

/// Bytes from `low` to `high`, or one of `also`.
struct ByteSet {
  uint8_t low = 1, high = 0;
  std::string_view also = {};
  bool has(uint8_t byte) const {
    return (byte >= low && byte <= high) ||
           also.find(static_cast<char>(byte)) != std::string_view::npos;
  }
};

struct BytePattern {
  std::array<ByteSet, 6> places;
  size_t size;
};

/// Length of the first pattern that matches at bytes[at…], 0 if none does.
template <size_t n>
size_t match(const std::array<BytePattern, n>& patterns, std::string_view bytes, size_t at) {
  for (const BytePattern& pattern : patterns) {
    bool fits = at + pattern.size <= bytes.size();
    for (size_t i = 0; fits && i < pattern.size; ++i) {
      fits = pattern.places[i].has(static_cast<uint8_t>(bytes[at + i]));
    }
    if (fits) return pattern.size;
  }
  return 0;
}

constexpr ByteSet kBlank = {0x20, 0x20};
constexpr ByteSet kContinuation = {0x80, 0xBF};
// Continuations that are neither a line break nor the no-break space when read as characters.
constexpr ByteSet kPlainContinuation = {0xA1, 0xBF,
                                        "\x80\x81\x82\x83\x84\x86\x87\x88\x89\x8a\x8b\x8c\x8d\x8e"
                                        "\x8f\x90\x91\x92\x93\x94\x95\x96\x97\x98\x99\x9a\x9b\x9c"
                                        "\x9d\x9e\x9f"};

/// UTF-8 in which byte A0 has become a space.
constexpr std::array<BytePattern, 6> kBlankedUtf8 = {{
    {{{{1, 0, "\xc2\xc3\xc5\xce\xd0\xd9"}, kBlank}}, 2},
    {{{{0xE2, 0xE3}, kBlank, kPlainContinuation}}, 3},
    {{{{0xE0, 0xE3}, kPlainContinuation, kBlank}}, 3},
    {{{{0xF0, 0xF0}, kBlank, kContinuation, kContinuation}}, 4},
    {{{{0xF0, 0xF0}, kContinuation, kBlank, kContinuation}}, 4},
    {{{{0xF0, 0xF0}, kContinuation, kContinuation, kBlank}}, 4},
}};

constexpr ByteSet kLost = {0x1A, 0x1A, "?"};
constexpr ByteSet kKeptOrLost = {0x80, 0xBF, "\x1a"};
constexpr ByteSet kLowOrLost = {0x80, 0xBF, "\x1a?"};
constexpr ByteSet kEd = {0xED, 0xED};
constexpr ByteSet kHighSurrogate = {0xA0, 0xAF};
constexpr ByteSet kLowSurrogate = {0xB0, 0xBF};

/// UTF-8 in which bytes were lost: they came as U+FFFD (byte 1A here) or a question mark.
constexpr std::array<BytePattern, 10> kLossyUtf8 = {{
    {{{{0xC2, 0xDF}, {0x1A, 0x1A}}}, 2},
    {{{{0xC2, 0xC3}, {'?', '?'}}}, 2},
    {{{kEd, kHighSurrogate, kLost, kEd, kLowSurrogate, kLowOrLost}}, 6},
    {{{kEd, kHighSurrogate, kLowOrLost, kEd, kLowSurrogate, kLost}}, 6},
    {{{{0xE0, 0xEF}, kLost, kKeptOrLost}}, 3},
    {{{{0xE0, 0xEF}, kKeptOrLost, kLost}}, 3},
    {{{{0xF0, 0xF4}, kLost, kKeptOrLost, kKeptOrLost}}, 4},
    {{{{0xF0, 0xF4}, kKeptOrLost, kLost, kKeptOrLost}}, 4},
    {{{{0xF0, 0xF4}, kKeptOrLost, kKeptOrLost, kLost}}, 4},
    {{{{0x1A, 0x1A}}}, 1},
}};

bool has_blanked_utf8(std::string_view bytes) {
  for (size_t at = 0; at < bytes.size(); ++at) {
    if (match(kBlankedUtf8, bytes, at) != 0) return true;
  }
  return false;
}

/// "Ã " as a word of its own is "à " (the space stays), but not before the Portuguese contractions
/// that begin with it.
std::string restore_a_grave(std::string_view bytes) {
  constexpr std::string_view kWord = "\xc3 ";
  constexpr std::array<std::string_view, 5> kExceptions = {" ", "quele", "quela", "quilo", "s "};
  std::string out;
  for (size_t at = 0; at < bytes.size();) {
    const std::string_view rest = bytes.substr(at);
    const bool word = rest.starts_with(kWord) &&
                      std::ranges::none_of(kExceptions, [&](std::string_view exception) {
                        return rest.substr(kWord.size()).starts_with(exception);
                      });
    out += word ? "\xc3\xa0 " : std::string(1, rest[0]);
    at += word ? kWord.size() : 1;
  }
  return out;
}

std::string restore_byte_a0(std::string_view encoded) {
  std::string bytes = restore_a_grave(encoded);
  for (size_t at = 0; at < bytes.size();) {
    const size_t size = match(kBlankedUtf8, bytes, at);
    for (size_t i = at; i < at + size; ++i) {
      if (bytes[i] == ' ') bytes[i] = '\xa0';
    }
    at += std::max<size_t>(size, 1);
  }
  return bytes;
}

std::string replace_lossy(std::string_view bytes) {
  std::string out;
  for (size_t at = 0; at < bytes.size();) {
    const size_t size = match(kLossyUtf8, bytes, at);
    if (size == 0) {
      out += bytes[at++];
    } else {
      out += kReplacementBytes;
      at += size;
    }
  }
  return out;
}

/// A surrogate pair written as two three-byte sequences, at the front of `bytes`; 0 if there is
/// none.
char32_t cesu8_pair(std::string_view bytes) {
  constexpr BytePattern kPair = {
      {kEd, kHighSurrogate, kContinuation, kEd, kLowSurrogate, kContinuation}, 6};
  if (match(std::array{kPair}, bytes, 0) == 0) return 0;
  const auto bits = [&](size_t i, unsigned mask) {
    return static_cast<char32_t>(static_cast<uint8_t>(bytes[i]) & mask);
  };
  return 0x10000 + (bits(1, 0x0F) << 16) + (bits(2, 0x3F) << 10) + (bits(4, 0x0F) << 6) +
         bits(5, 0x3F);
}

/// Strict UTF-8, and with `variants` also C0 80 for U+0000 and CESU-8 pairs; nothing if invalid.
std::optional<std::u32string> decode_strict(std::string_view bytes, bool variants) {
  std::u32string out;
  while (!bytes.empty()) {
    if (variants && bytes.starts_with("\xc0\x80")) {
      out += U'\0';
      bytes.remove_prefix(2);
      continue;
    }
    if (const char32_t pair = variants ? cesu8_pair(bytes) : 0; pair != 0) {
      out += pair;
      bytes.remove_prefix(6);
      continue;
    }
    const Utf8Char c = decode_utf8(bytes);
    if (!c.valid) return std::nullopt;
    out += c.code_point;
    bytes.remove_prefix(c.length);
  }
  return out;
}

/// The text as UTF-8 that was read as `page`, or nothing.
std::optional<std::u32string> reread(const CodePage& page, std::string bytes) {
  if (page.id() != CodePageId::kMacRoman && has_blanked_utf8(bytes)) bytes = restore_byte_a0(bytes);
  if (page.lenient()) bytes = replace_lossy(bytes);
  const bool variants = bytes.find_first_of("\xed\xc0") != std::string::npos;
  return decode_strict(bytes, variants);
}

/// Runs inside the text that are mojibake by themselves.
std::u32string fix_runs(const std::u32string& text) {
  std::u32string out;
  for (size_t at = 0; at < text.size();) {
    const size_t size = utf8_like_run(text, at);
    if (size == 0) {
      out += text[at++];
      continue;
    }
    std::u32string run = text.substr(at, size);
    // A run shorter than the text: so this ends.
    if (size < text.size() && looks_like_mojibake(run)) run = fix_encoding(std::move(run));
    out += run;
    at += size;
  }
  return out;
}

/// Latin-1 text as Windows-1252, or nothing where that is undefined or changes nothing.
std::optional<std::u32string> latin1_as_windows(const std::u32string& text) {
  const CodePage& windows = CodePage::get(CodePageId::kWindows1252);
  std::u32string out;
  for (const char32_t c : text) {
    const auto byte = static_cast<uint8_t>(c);
    if (!windows.defines(byte)) return std::nullopt;
    out += windows.decode(byte);
  }
  if (out == text) return std::nullopt;
  return out;
}

bool is_ascii(const std::u32string& text) {
  return std::ranges::all_of(text, [](char32_t c) { return c < 0x80; });
}

std::u32string fix_once(const std::u32string& text) {
  if (is_ascii(text) || !looks_like_mojibake(text)) return text;
  bool latin1 = false;
  for (const CodePage& page : CodePage::all()) {
    std::optional<std::string> bytes = page.encode(text);
    if (!bytes) continue;
    latin1 = latin1 || page.id() == CodePageId::kLatin1;
    if (auto fixed = reread(page, std::move(*bytes))) return *fixed;
  }
  if (std::u32string fixed = fix_runs(text); fixed != text) return fixed;
  if (latin1) {
    if (auto fixed = latin1_as_windows(text)) return *fixed;
  }
  return fix_c1_controls(text);
}

}  // namespace

std::u32string fix_encoding(std::u32string text) {
  for (;;) {
    std::u32string fixed = fix_once(text);
    if (fixed == text) return text;
    text = std::move(fixed);
  }
}

std::u32string fix_c1_controls(std::u32string text) {
  const CodePage& windows = CodePage::get(CodePageId::kWindows1252);
  for (char32_t& c : text) {
    if (c >= 0x80 && c <= 0x9F) c = windows.decode(static_cast<uint8_t>(c));
  }
  return text;
}

}  // namespace mobileclip
