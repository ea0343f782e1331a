/// Making errors: the type itself is public (mobileclip/error.hpp). It is thrown inside the library
/// and becomes a status, an exit code or an HTTP status at the borders.
#ifndef MOBILECLIP_BASE_ERROR_H_
#define MOBILECLIP_BASE_ERROR_H_

#include <fmt/core.h>

#include <string>
#include <string_view>
#include <utility>

#include "mobileclip/error.hpp"

namespace mobileclip {

/// Throws an Error whose sentence is formatted as by fmt::format.
template <typename... Args>
[[noreturn]] void fail(ErrorCode code, fmt::format_string<Args...> format, Args&&... args) {
  throw Error(code, fmt::format(format, std::forward<Args>(args)...));
}

/// The Error for a failed system call on `path`; picks the code from errno, e.g. ENOSPC → kNoSpace.
Error system_error(std::string_view operation, std::string_view path, int error_number);

/// `bytes` in double quotes, control characters and invalid UTF-8 as \xNN, at most `limit` bytes:
/// for names in sentences.
std::string quote(std::string_view bytes, size_t limit = 200);

}  // namespace mobileclip

#endif  // MOBILECLIP_BASE_ERROR_H_
