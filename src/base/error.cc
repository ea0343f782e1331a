#include "base/error.h"

#include <cerrno>
#include <cstdint>
#include <cstring>
#include <system_error>

#include "base/utf8.h"

namespace mobileclip {

const char* Error::what() const noexcept { return message_.c_str(); }

std::string_view error_code_name(ErrorCode code) {
  switch (code) {
    case ErrorCode::kInvalidArgument:
      return "invalid_argument";
    case ErrorCode::kNotFound:
      return "not_found";
    case ErrorCode::kIo:
      return "io";
    case ErrorCode::kNoSpace:
      return "no_space";
    case ErrorCode::kDecode:
      return "decode";
    case ErrorCode::kUnsupported:
      return "unsupported";
    case ErrorCode::kNotCheckpoint:
      return "not_a_checkpoint";
    case ErrorCode::kWrongModel:
      return "wrong_model";
    case ErrorCode::kDamaged:
      return "damaged";
    case ErrorCode::kHostile:
      return "hostile";
    case ErrorCode::kTooLarge:
      return "too_large";
    case ErrorCode::kNonFinite:
      return "non_finite";
    case ErrorCode::kInternal:
      return "internal";
  }
  return "internal";
}

Error system_error(std::string_view operation, std::string_view path, int error_number) {
  ErrorCode code = ErrorCode::kIo;
  if (error_number == ENOENT || error_number == ENOTDIR) code = ErrorCode::kNotFound;
  if (error_number == ENOSPC || error_number == EDQUOT || error_number == EFBIG) {
    code = ErrorCode::kNoSpace;
  }
  return Error(code, fmt::format("cannot {} {}: {}", operation, quote(path),
                                 std::generic_category().message(error_number)));
}

std::string quote(std::string_view bytes, size_t limit) {
  std::string out = "\"";
  const std::string_view shown = bytes.substr(0, limit);
  for (size_t i = 0; i < shown.size();) {
    const Utf8Char c = decode_utf8(shown.substr(i));
    const std::string_view raw = shown.substr(i, c.length);
    if (!c.valid || c.code_point < 0x20 || c.code_point == 0x7F) {
      for (char byte : raw) out += fmt::format("\\x{:02x}", static_cast<uint8_t>(byte));
    } else {
      out += raw;
    }
    i += c.length;
  }
  out += bytes.size() > limit ? "…\"" : "\"";
  return out;
}

}  // namespace mobileclip
