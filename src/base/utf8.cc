#include "base/utf8.h"

namespace mobileclip {
namespace {

struct Lead {
  int continuation;   // bytes after the lead
  uint8_t low, high;  // allowed range of the second byte
  uint8_t bits;       // payload mask of the lead
};

Lead classify(uint8_t lead) {
  if (lead >= 0xC2 && lead <= 0xDF) return {1, 0x80, 0xBF, 0x1F};
  if (lead == 0xE0) return {2, 0xA0, 0xBF, 0x0F};
  if (lead == 0xED) return {2, 0x80, 0x9F, 0x0F};
  if (lead >= 0xE1 && lead <= 0xEF) return {2, 0x80, 0xBF, 0x0F};
  if (lead == 0xF0) return {3, 0x90, 0xBF, 0x07};
  if (lead >= 0xF1 && lead <= 0xF3) return {3, 0x80, 0xBF, 0x07};
  if (lead == 0xF4) return {3, 0x80, 0x8F, 0x07};
  return {0, 0, 0, 0};
}

}  // namespace

Utf8Char decode_utf8(std::string_view bytes) {
  const auto byte_at = [&](size_t i) { return static_cast<uint8_t>(bytes[i]); };
  const uint8_t first = byte_at(0);
  if (first < 0x80) return {first, 1, true};
  const Lead lead = classify(first);
  char32_t code_point = first & lead.bits;
  uint8_t taken = 1;
  for (int i = 0; i < lead.continuation; ++i) {
    const uint8_t low = i == 0 ? lead.low : 0x80;
    const uint8_t high = i == 0 ? lead.high : 0xBF;
    if (taken >= bytes.size() || byte_at(taken) < low || byte_at(taken) > high) {
      return {0xFFFD, taken, false};
    }
    code_point = (code_point << 6) | (byte_at(taken) & 0x3F);
    ++taken;
  }
  if (lead.continuation == 0) return {0xFFFD, 1, false};
  return {code_point, taken, true};
}

void append_utf8(char32_t c, std::string& out) {
  if (c < 0x80) {
    out += static_cast<char>(c);
  } else if (c < 0x800) {
    out += static_cast<char>(0xC0 | (c >> 6));
    out += static_cast<char>(0x80 | (c & 0x3F));
  } else if (c < 0x10000) {
    out += static_cast<char>(0xE0 | (c >> 12));
    out += static_cast<char>(0x80 | ((c >> 6) & 0x3F));
    out += static_cast<char>(0x80 | (c & 0x3F));
  } else {
    out += static_cast<char>(0xF0 | (c >> 18));
    out += static_cast<char>(0x80 | ((c >> 12) & 0x3F));
    out += static_cast<char>(0x80 | ((c >> 6) & 0x3F));
    out += static_cast<char>(0x80 | (c & 0x3F));
  }
}

bool is_utf8(std::string_view bytes) {
  while (!bytes.empty()) {
    const Utf8Char c = decode_utf8(bytes);
    if (!c.valid) return false;
    bytes.remove_prefix(c.length);
  }
  return true;
}

}  // namespace mobileclip
