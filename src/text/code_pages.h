/// Single-byte encodings that text may have been read in by mistake.
#ifndef MOBILECLIP_TEXT_CODE_PAGES_H_
#define MOBILECLIP_TEXT_CODE_PAGES_H_

#include <array>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

namespace mobileclip {

enum class CodePageId {
  kLatin1,
  kWindows1252,
  kWindows1251,
  kWindows1250,
  kWindows1253,
  kWindows1254,
  kWindows1257,
  kIso8859_2,
  kMacRoman,
  kCp437,
};

/// One of them. The Windows pages map undefined bytes to C1 controls and byte 1A to U+FFFD.
class CodePage {
 public:
  explicit CodePage(CodePageId id);
  /// All ten, in the order in which they are tried.
  static const std::array<CodePage, 10>& all();
  static const CodePage& get(CodePageId id) { return all()[static_cast<size_t>(id)]; }

  CodePageId id() const { return id_; }
  bool lenient() const { return lenient_; }
  /// The bytes that `text` would have been read from, or nothing.
  std::optional<std::string> encode(std::u32string_view text) const;
  char32_t decode(uint8_t byte) const { return byte < 0x80 ? byte : high_[byte - 0x80u]; }
  /// True if the page assigns this byte (leniency apart).
  bool defines(uint8_t byte) const { return byte < 0x80 || defined_[byte - 0x80u]; }

 private:
  CodePageId id_;
  bool lenient_;
  std::array<char32_t, 128> high_{};
  std::array<bool, 128> defined_{};
  std::unordered_map<char32_t, uint8_t> bytes_;
};

}  // namespace mobileclip

#endif  // MOBILECLIP_TEXT_CODE_PAGES_H_
