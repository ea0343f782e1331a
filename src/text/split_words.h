/// Cleaned text into the pieces that byte-pair encoding works on.
#ifndef MOBILECLIP_TEXT_SPLIT_WORDS_H_
#define MOBILECLIP_TEXT_SPLIT_WORDS_H_

#include <cstddef>
#include <string_view>

namespace mobileclip {

/// Takes the next piece off the front of `text`: a special token, a contraction, letters, one
/// number, or other characters; white space between pieces is skipped. Empty when nothing is left.
std::u32string_view take_word(std::u32string_view& text);

/// Length of the special token or contraction that `text` (not empty) begins with, 0 if none.
size_t fixed_piece_length(std::u32string_view text);
/// That of the longest.
constexpr size_t kLongestFixedPiece = 15;

}  // namespace mobileclip

#endif  // MOBILECLIP_TEXT_SPLIT_WORDS_H_
