/// Repair of text that was decoded in the wrong encoding.
#ifndef MOBILECLIP_TEXT_FIX_ENCODING_H_
#define MOBILECLIP_TEXT_FIX_ENCODING_H_

#include <string>

namespace mobileclip {

/// Undoes UTF-8 read as a single-byte encoding, in the whole text or in parts of it, possibly
/// several times over; C1 controls become what Windows-1252 has there. Only text that looks wrong
/// is changed. Equals ftfy 6.3.1's fix_encoding.
std::u32string fix_encoding(std::u32string text);

/// C1 controls as Windows-1252, undefined ones left.
std::u32string fix_c1_controls(std::u32string text);

}  // namespace mobileclip

#endif  // MOBILECLIP_TEXT_FIX_ENCODING_H_
