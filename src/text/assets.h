/// The data files that are part of the program.
#ifndef MOBILECLIP_TEXT_ASSETS_H_
#define MOBILECLIP_TEXT_ASSETS_H_

#include <cstdint>
#include <string_view>

namespace mobileclip::assets {

/// Their forms are described where they are made, in tools/make_text_assets.py.
std::string_view bpe_merges();
std::string_view html5_entities();
std::string_view html5_upper();
std::string_view code_pages();
std::string_view mojibake_classes();

/// Takes the part of `text` up to `separator` off its front; all of it if there is none.
inline std::string_view take_until(std::string_view& text, char separator) {
  const size_t end = text.find(separator);
  const std::string_view out = text.substr(0, end);
  text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
  return out;
}

/// A hexadecimal number.
uint32_t parse_hex(std::string_view digits);

/// Little-endian uint16 number `index` of a binary asset.
inline uint16_t u16_at(std::string_view bytes, size_t index) {
  const auto byte = [&](size_t i) { return static_cast<uint16_t>(static_cast<uint8_t>(bytes[i])); };
  return static_cast<uint16_t>(byte(2 * index) | byte(2 * index + 1) << 8);
}

}  // namespace mobileclip::assets

#endif  // MOBILECLIP_TEXT_ASSETS_H_
