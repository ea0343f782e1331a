#include "cli/json.h"

#include <fmt/format.h>

#include <charconv>
#include <cmath>
#include <nlohmann/json.hpp>
#include <optional>

#include "base/error.h"
#include "base/utf8.h"

namespace mobileclip::cli {
namespace {

template <typename T>
std::string number_text(T value) {
  if (std::isnan(value)) return "\"NaN\"";
  if (std::isinf(value)) return value > 0 ? "\"Infinity\"" : "\"-Infinity\"";
  char buffer[64];
  const auto [end, error] = std::to_chars(buffer, buffer + sizeof buffer, value);
  static_cast<void>(error);  // 64 characters hold any number
  return {buffer, end};
}

/// The four digits of a \u escape at text[at…] ("\uXXXX"), or nothing.
std::optional<uint32_t> unicode_escape(std::string_view text, size_t at) {
  if (at + 6 > text.size() || text[at] != '\\' || text[at + 1] != 'u') return std::nullopt;
  uint32_t value = 0;
  const char* first = text.data() + at + 2;
  const auto [end, error] = std::from_chars(first, first + 4, value, 16);
  if (error != std::errc() || end != first + 4) return std::nullopt;
  return value;
}

bool is_high(uint32_t c) { return c >= 0xD800 && c <= 0xDBFF; }
bool is_low(uint32_t c) { return c >= 0xDC00 && c <= 0xDFFF; }

/// Escapes of lone surrogates as \ufffd: the JSON library refuses them.
std::string without_lone_surrogates(std::string_view text) {
  std::string out;
  for (size_t at = 0; at < text.size();) {
    if (text[at] != '\\') {
      out += text[at++];
      continue;
    }
    const auto unit = unicode_escape(text, at);
    if (!unit) {
      out += text.substr(at, 2);
      at += 2;
      continue;
    }
    const auto second = unicode_escape(text, at + 6);
    if (is_high(*unit) && second && is_low(*second)) {
      out += text.substr(at, 12);
      at += 12;
      continue;
    }
    out += is_high(*unit) || is_low(*unit) ? "\\ufffd" : text.substr(at, 6);
    at += 6;
  }
  return out;
}

/// Bad UTF-8 as U+FFFD, as the tokenizer would do: the JSON library refuses it.
std::string valid_utf8(std::string_view bytes) {
  std::string out;
  while (!bytes.empty()) {
    const Utf8Char c = decode_utf8(bytes);
    append_utf8(c.code_point, out);
    bytes.remove_prefix(c.length);
  }
  return out;
}

}  // namespace

std::string json_string(std::string_view bytes) {
  std::string out = "\"";
  while (!bytes.empty()) {
    const Utf8Char c = decode_utf8(bytes);
    const std::string_view raw = bytes.substr(0, c.length);
    bytes.remove_prefix(c.length);
    if (!c.valid) {
      for (const char byte : raw) out += fmt::format("\\udc{:02x}", static_cast<uint8_t>(byte));
    } else if (c.code_point == '"' || c.code_point == '\\') {
      out += '\\';
      out += raw;
    } else if (c.code_point == '\n') {
      out += "\\n";
    } else if (c.code_point < 0x20 || c.code_point == 0x7F) {
      out += fmt::format("\\u{:04x}", static_cast<uint32_t>(c.code_point));
    } else {
      out += raw;
    }
  }
  return out + '"';
}

std::string json_number(double value) { return number_text(value); }

std::string json_number(float value) { return number_text(value); }

std::string text_of_json_line(std::string_view line) {
  const auto value =
      nlohmann::json::parse(without_lone_surrogates(valid_utf8(line)), nullptr, false);
  if (value.is_string()) return value.get<std::string>();
  if (value.is_object() && value.contains("text") && value["text"].is_string()) {
    return value["text"].get<std::string>();
  }
  fail(ErrorCode::kInvalidArgument,
       "the line is neither a JSON string nor an object with a string \"text\"");
}

}  // namespace mobileclip::cli
