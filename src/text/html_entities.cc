#include "text/html_entities.h"

#include <algorithm>
#include <cstdint>
#include <optional>
#include <string_view>
#include <unordered_map>

#include "text/assets.h"
#include "text/code_pages.h"

namespace mobileclip {
namespace {

constexpr size_t kLongestName = 32;    // of any reference html.unescape looks at
constexpr size_t kLongestClosed = 24;  // of a closed reference
constexpr char32_t kReplacement = 0xFFFD;

class Entities {
 public:
  static const Entities& get() {
    static const Entities entities;
    return entities;
  }
  /// Value of a name ("amp;" or, for the old ones, "amp"), or null.
  const std::u32string* find(const std::string& name) const { return lookup(names_, name); }
  const std::u32string* find_upper(const std::string& name) const { return lookup(upper_, name); }

 private:
  using Map = std::unordered_map<std::string, std::u32string>;
  Entities() : names_(load(assets::html5_entities())), upper_(load(assets::html5_upper())) {}

  static Map load(std::string_view text) {
    Map out;
    while (!text.empty()) {
      std::string_view line = assets::take_until(text, '\n');
      const std::string_view name = assets::take_until(line, '\t');
      std::u32string value;
      while (!line.empty()) {
        value += static_cast<char32_t>(assets::parse_hex(assets::take_until(line, ' ')));
      }
      out.emplace(name, value);
    }
    return out;
  }
  static const std::u32string* lookup(const Map& map, const std::string& name) {
    const auto found = map.find(name);
    return found == map.end() ? nullptr : &found->second;
  }
  Map names_, upper_;
};

bool is_digit(char32_t c) { return c >= '0' && c <= '9'; }
bool is_hex(char32_t c) { return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F'); }
bool is_ascii_alnum(char32_t c) {
  return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}
/// What may stand in a name: anything but these.
bool in_name(char32_t c) {
  return c != '\t' && c != '\n' && c != '\f' && c != ' ' && c != '<' && c != '&' && c != '#' &&
         c != ';';
}

/// The character a number stands for; empty for one that is dropped.
std::u32string from_number(uint32_t number) {
  if (number == 0) return {kReplacement};
  if (number >= 0x80 && number <= 0x9F) {
    return {CodePage::get(CodePageId::kWindows1252).decode(static_cast<uint8_t>(number))};
  }
  if (number == 0x0D) return U"\r";
  if ((number >= 0xD800 && number <= 0xDFFF) || number > 0x10FFFF) return {kReplacement};
  const bool control =
      number <= 8 || number == 0x0B || (number >= 0x0E && number <= 0x1F) || number == 0x7F;
  const bool noncharacter = (number >= 0xFDD0 && number <= 0xFDEF) || (number & 0xFFFE) == 0xFFFE;
  if (control || noncharacter) return {};
  return {static_cast<char32_t>(number)};
}

/// A numeric reference after "&"; its length and value.
struct Numeric {
  size_t size;  // from '#' on, a semicolon included
  bool closed;
  std::u32string value;
};

std::optional<Numeric> parse_numeric(std::u32string_view rest) {
  if (rest.empty() || rest[0] != '#') return std::nullopt;
  const bool hex = rest.size() > 1 && (rest[1] == 'x' || rest[1] == 'X');
  const size_t begin = hex ? 2 : 1;
  size_t end = begin;
  uint32_t number = 0;
  for (; end < rest.size() && (hex ? is_hex(rest[end]) : is_digit(rest[end])); ++end) {
    const char32_t c = rest[end];
    const uint32_t digit = is_digit(c) ? c - '0' : (c | 0x20) - 'a' + 10;
    // Saturates: beyond the last code point all are the same.
    number = std::min<uint32_t>(number * (hex ? 16 : 10) + digit, 0x110000);
  }
  if (end == begin) return std::nullopt;
  const bool closed = end < rest.size() && rest[end] == ';';
  return Numeric{end + (closed ? 1 : 0), closed, from_number(number)};
}

std::string narrow(std::u32string_view text) {
  std::string out;
  for (const char32_t c : text) out += c < 0x80 ? static_cast<char>(c) : '\x01';  // in no name
  return out;
}

/// A named reference after "&": the longest name that is a prefix.
struct Named {
  size_t size;
  const std::u32string* value;
};

std::optional<Named> parse_named(std::u32string_view rest) {
  size_t end = 0;
  while (end < rest.size() && end < kLongestName && in_name(rest[end])) ++end;
  if (end == 0) return std::nullopt;
  if (end < rest.size() && rest[end] == ';') ++end;
  const std::string name = narrow(rest.substr(0, end));
  if (const std::u32string* value = Entities::get().find(name)) return Named{end, value};
  for (size_t size = end - 1; size > 1; --size) {
    if (const std::u32string* value = Entities::get().find(name.substr(0, size))) {
      return Named{size, value};
    }
  }
  return std::nullopt;
}

/// Value of the closed reference rest[0, size) (after "&", with its ';'), or nothing.
std::optional<std::u32string> closed_value(std::u32string_view rest, size_t size) {
  const std::string name = narrow(rest.substr(0, size));
  if (const std::u32string* value = Entities::get().find(name)) return *value;
  if (const std::u32string* value = Entities::get().find_upper(name)) return *value;
  const auto number = parse_numeric(rest.substr(0, size));
  if (number && number->closed && number->size == size) return number->value;
  return std::nullopt;
}

}  // namespace

std::u32string html_unescape(const std::u32string& text) {
  if (text.find(U'&') == std::u32string::npos) return text;
  std::u32string out;
  const std::u32string_view view(text);
  for (size_t at = 0; at < text.size();) {
    if (text[at] != '&') {
      out += text[at++];
      continue;
    }
    const std::u32string_view rest = view.substr(at + 1);
    if (const auto number = parse_numeric(rest)) {
      out += number->value;
      at += 1 + number->size;
    } else if (const auto named = parse_named(rest)) {
      out += *named->value;
      at += 1 + named->size;
    } else {
      out += text[at++];
    }
  }
  return out;
}

std::u32string html_unescape_closed(const std::u32string& text) {
  if (text.find(U'&') == std::u32string::npos) return text;
  std::u32string out;
  const std::u32string_view view(text);
  for (size_t at = 0; at < text.size();) {
    const std::u32string_view rest = view.substr(at + 1);
    if (text[at] == '&') {
      size_t end = !rest.empty() && rest[0] == '#' ? 1 : 0;
      const size_t limit = end + kLongestClosed;
      const size_t begin = end;
      while (end < rest.size() && end < limit && is_ascii_alnum(rest[end])) ++end;
      if (end > begin && end < rest.size() && rest[end] == ';') {
        if (const auto value = closed_value(rest, end + 1)) {
          out += *value;
          at += end + 2;
          continue;
        }
      }
    }
    out += text[at++];
  }
  return out;
}

}  // namespace mobileclip
