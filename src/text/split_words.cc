#include "text/split_words.h"

#include <array>

#include "text/unicode.h"

namespace mobileclip {
namespace {

constexpr std::array<std::u32string_view, 9> kFixed = {
    U"<start_of_text>", U"<end_of_text>", U"'s", U"'t", U"'re", U"'ve", U"'m", U"'ll", U"'d"};

/// Equal without regard to case. The text is in lower case already; of what is left only the long s
/// folds to a letter of these.
bool same_letter(char32_t c, char32_t expected) {
  if (c >= 'A' && c <= 'Z') c |= 0x20;
  return c == expected || (expected == 's' && c == 0x17F);
}

/// U+0345 is no letter, but folds to one: the case-insensitive pattern has no place for it, so it
/// ends a piece and is left out.
constexpr char32_t kYpogegrammeni = 0x345;

template <typename Predicate>
size_t run_length(std::u32string_view text, const Predicate& predicate) {
  size_t i = 0;
  while (i < text.size() && predicate(text[i])) ++i;
  return i;
}

bool is_other(char32_t c) {
  return !is_space(c) && !is_letter(c) && !is_number(c) && c != kYpogegrammeni;
}

size_t word_length(std::u32string_view text) {
  if (const size_t fixed = fixed_piece_length(text)) return fixed;
  if (is_letter(text[0])) return run_length(text, is_letter);
  if (is_number(text[0])) return 1;
  return run_length(text, is_other);
}

}  // namespace

size_t fixed_piece_length(std::u32string_view text) {
  if (text[0] != '<' && text[0] != '\'') return 0;
  for (const std::u32string_view fixed : kFixed) {
    if (text.size() < fixed.size()) continue;
    size_t i = 0;
    while (i < fixed.size() && same_letter(text[i], fixed[i])) ++i;
    if (i == fixed.size()) return i;
  }
  return 0;
}

std::u32string_view take_word(std::u32string_view& text) {
  text.remove_prefix(
      run_length(text, [](char32_t c) { return is_space(c) || c == kYpogegrammeni; }));
  if (text.empty()) return {};
  const std::u32string_view word = text.substr(0, word_length(text));
  text.remove_prefix(word.size());
  return word;
}

}  // namespace mobileclip
