/// Does text look as if it had been decoded in the wrong encoding?
#ifndef MOBILECLIP_TEXT_MOJIBAKE_H_
#define MOBILECLIP_TEXT_MOJIBAKE_H_

#include <cstddef>
#include <string_view>

namespace mobileclip {

/// True if the text holds a sequence of characters that hardly occurs but in mojibake. The classes
/// of characters and the sequences are those of ftfy 6.3.1.
bool looks_like_mojibake(std::u32string_view text);

/// Length of the run at text[at…] that has the form of UTF-8 read in a single-byte encoding, 0 if
/// there is none. Does not begin behind a character that would continue such a sequence.
size_t utf8_like_run(std::u32string_view text, size_t at);

}  // namespace mobileclip

#endif  // MOBILECLIP_TEXT_MOJIBAKE_H_
