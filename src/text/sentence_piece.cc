#include "text/sentence_piece.h"

#include <algorithm>
#include <cctype>

namespace mobileclip {
namespace {

bool is_punctuation(char c) {
  const auto byte = static_cast<unsigned char>(c);
  return byte < 0x80 && std::ispunct(byte) != 0;
}

}  // namespace

std::string canonical_text(std::string_view text, size_t* invalid_utf8) {
  std::string cleaned = clean_text(text, invalid_utf8);
  std::ranges::replace(cleaned, '_', ' ');
  std::erase_if(cleaned, is_punctuation);
  std::string out;
  for (const char c : cleaned) {
    if (c != ' ') {
      out += c;
    } else if (!out.empty() && out.back() != ' ') {
      out += ' ';
    }
  }
  if (out.ends_with(' ')) out.pop_back();
  return out;
}

}  // namespace mobileclip
