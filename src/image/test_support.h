/// What the tests of this folder share: fixtures, fingerprints, the naive resampler.
#ifndef MOBILECLIP_IMAGE_TEST_SUPPORT_H_
#define MOBILECLIP_IMAGE_TEST_SUPPORT_H_

#include <zlib.h>

#include <fstream>
#include <iterator>
#include <span>
#include <sstream>
#include <string>
#include <vector>

#include "base/result.h"
#include "image/decode.h"
#include "image/image.h"

namespace mobileclip::image_test {

inline std::string read_text(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

inline std::span<const std::byte> bytes_of(const std::string& text) {
  return std::as_bytes(std::span(text));
}

/// CRC-32 and Adler-32 of the pixels, as 16 hexadecimal digits.
inline std::string fingerprint(const std::vector<uint8_t>& bytes) {
  const auto size = static_cast<uInt>(bytes.size());
  return fmt::format("{:08x}{:08x}", crc32(0, bytes.data(), size), adler32(1, bytes.data(), size));
}

/// Rows of a tab-separated table; lines that begin with '#' are comments.
inline std::vector<std::vector<std::string>> read_table(const std::string& path) {
  std::vector<std::vector<std::string>> rows;
  std::istringstream text(read_text(path));
  for (std::string line; std::getline(text, line);) {
    if (line.empty() || line[0] == '#') continue;
    std::istringstream fields(line);
    rows.emplace_back();
    for (std::string field; std::getline(fields, field, '\t');) rows.back().push_back(field);
  }
  return rows;
}

inline std::string data_path(const std::string& name) {
  return std::string(MOBILECLIP_TEST_DATA) + "/image/" + name;
}
inline std::string fixture(const std::string& name) {
  return read_text(data_path("files/" + name));
}

/// The code of the Error that decoding gives; fails the caller's expectation if it decodes.
inline ErrorCode decode_error(const std::string& file, const DecodeOptions& options = {}) {
  try {
    decode_image(bytes_of(file), options);
  } catch (const Error& error) {
    return error.code();
  }
  return ErrorCode::kInternal;
}

}  // namespace mobileclip::image_test

#endif  // MOBILECLIP_IMAGE_TEST_SUPPORT_H_
