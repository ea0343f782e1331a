#include "text/code_pages.h"

#include "text/assets.h"

namespace mobileclip {

CodePage::CodePage(CodePageId id)
    : id_(id), lenient_(id >= CodePageId::kWindows1252 && id <= CodePageId::kWindows1257) {
  const std::string_view table = assets::code_pages();
  for (size_t i = 0; i < 128; ++i) {
    const char32_t c = assets::u16_at(table, static_cast<size_t>(id) * 128 + i);
    const auto byte = static_cast<uint8_t>(0x80 + i);
    defined_[i] = c != 0;
    high_[i] = defined_[i] ? c : byte;
    if (defined_[i] || lenient_) bytes_[high_[i]] = byte;
  }
  if (lenient_) bytes_[0xFFFD] = 0x1A;
}

const std::array<CodePage, 10>& CodePage::all() {
  static const std::array<CodePage, 10> pages = {
      CodePage(CodePageId::kLatin1),      CodePage(CodePageId::kWindows1252),
      CodePage(CodePageId::kWindows1251), CodePage(CodePageId::kWindows1250),
      CodePage(CodePageId::kWindows1253), CodePage(CodePageId::kWindows1254),
      CodePage(CodePageId::kWindows1257), CodePage(CodePageId::kIso8859_2),
      CodePage(CodePageId::kMacRoman),    CodePage(CodePageId::kCp437)};
  return pages;
}

std::optional<std::string> CodePage::encode(std::u32string_view text) const {
  std::string out;
  out.reserve(text.size());
  for (const char32_t c : text) {
    if (c < 0x80 && !(lenient_ && c == 0x1A)) {
      out += static_cast<char>(c);
      continue;
    }
    const auto found = bytes_.find(c);
    if (found == bytes_.end()) return std::nullopt;
    out += static_cast<char>(found->second);
  }
  return out;
}

}  // namespace mobileclip
