#include "checkpoint/own_format.h"

#include <libdeflate.h>

#include <charconv>

#include "base/error.h"

namespace mobileclip::own_format {
namespace {

constexpr std::string_view kHeaderKey = "header_crc32";
constexpr std::string_view kBlockKey = "block_crc32";
constexpr size_t kDigits = 8;

std::string digits(uint32_t value) { return fmt::format("{:08x}", value); }

/// Exactly eight lower-case hexadecimal digits.
bool parse_digits(std::string_view text, uint32_t& value) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value, 16);
  return error == std::errc() && end == text.data() + text.size() && digits(value) == text;
}

std::string value_of(const Metadata& metadata, std::string_view key) {
  const auto found = metadata.find(std::string(key));
  return found == metadata.end() ? "" : found->second;
}

uint64_t blocks_of(uint64_t size) { return size / kBlock + (size % kBlock != 0 ? 1 : 0); }

/// Where the digits of `"key":"…"` begin in the header text; npos unless it is there once. Inside a
/// JSON string the quotes would be escaped, so nothing else can look like it.
size_t find_value(std::string_view text, std::string_view key) {
  const std::string pattern = fmt::format("\"{}\":\"", key);
  const size_t at = text.find(pattern);
  if (at == std::string_view::npos || text.find(pattern, at + 1) != std::string_view::npos) {
    return std::string_view::npos;
  }
  return at + pattern.size();
}

/// CRC-32 of the header as it is with zeros for its own digits at `at`.
uint32_t header_checksum(std::string_view text, size_t at) {
  constexpr std::string_view kZeros = "00000000";
  uint32_t crc = libdeflate_crc32(0, text.data(), at);
  crc = libdeflate_crc32(crc, kZeros.data(), kZeros.size());
  const std::string_view rest = text.substr(at + kDigits);
  return libdeflate_crc32(crc, rest.data(), rest.size());
}

int version_of(const Metadata& metadata, const std::string& what) {
  const std::string text = value_of(metadata, "format_version");
  int version = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), version);
  if (error != std::errc() || end != text.data() + text.size() || version < 1) {
    fail(ErrorCode::kDamaged, "{}: format_version is {}, expected a number", what, quote(text));
  }
  return version;
}

}  // namespace

bool is_own(const Metadata& metadata) { return value_of(metadata, "format") == kFormat; }

bool is_inference(const Metadata& metadata) {
  return is_own(metadata) && value_of(metadata, "form") == kInference;
}

void check_header(const Metadata& metadata, std::string_view text, const std::string& what) {
  // The checksum comes first, so that a damaged byte is not taken for a newer version.
  const bool sealed = metadata.contains(std::string(kHeaderKey));
  if (sealed) {
    uint32_t stored = 0;
    const size_t at = find_value(text, kHeaderKey);
    if (at == std::string_view::npos || !parse_digits(value_of(metadata, kHeaderKey), stored)) {
      fail(ErrorCode::kDamaged, "{}: the header's {} is not eight hexadecimal digits", what,
           kHeaderKey);
    }
    const uint32_t found = header_checksum(text, at);
    if (found != stored) {
      fail(ErrorCode::kDamaged,
           "{}: the CRC-32 of the header is {:08x}, expected {:08x}: the file is corrupt", what,
           found, stored);
    }
  }
  if (!is_own(metadata)) return;
  const int version = version_of(metadata, what);
  if (version > kNewestVersion) {
    fail(ErrorCode::kUnsupported,
         "{} is of format_version {}; this program reads up to {}: convert the checkpoint again or "
         "use a newer program",
         what, version, kNewestVersion);
  }
  const bool needs_checksums = version >= 2 || is_inference(metadata);
  if (needs_checksums && (!sealed || !metadata.contains(std::string(kBlockKey)))) {
    fail(ErrorCode::kDamaged, "{}: the header lacks {} or {}", what, kHeaderKey, kBlockKey);
  }
}

std::vector<uint32_t> block_checksums(const Metadata& metadata, uint64_t size,
                                      const std::string& what) {
  const auto found = metadata.find(std::string(kBlockKey));
  if (!is_own(metadata) || found == metadata.end()) return {};
  const std::string_view text = found->second;
  std::vector<uint32_t> out(blocks_of(size));
  bool good = text.size() == out.size() * kDigits;
  for (size_t i = 0; good && i < out.size(); ++i) {
    good = parse_digits(text.substr(i * kDigits, kDigits), out[i]);
  }
  if (!good) {
    fail(ErrorCode::kDamaged, "{}: {} must hold {} digits for the {} blocks of the data", what,
         kBlockKey, out.size() * kDigits, out.size());
  }
  return out;
}

void add_blank_checksums(Metadata& metadata, uint64_t size) {
  metadata[std::string(kHeaderKey)] = std::string(kDigits, '0');
  metadata[std::string(kBlockKey)] = std::string(kDigits * blocks_of(size), '0');
}

void fill_checksums(std::string& text, const std::vector<uint32_t>& blocks) {
  std::string all;
  for (const uint32_t crc : blocks) all += digits(crc);
  text.replace(find_value(text, kBlockKey), all.size(), all);
  const size_t at = find_value(text, kHeaderKey);
  text.replace(at, kDigits, digits(header_checksum(text, at)));
}

}  // namespace mobileclip::own_format
