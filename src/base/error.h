/// The one error type of the library: a code and a sentence.
#ifndef MOBILECLIP_BASE_ERROR_H_
#define MOBILECLIP_BASE_ERROR_H_

#include <fmt/core.h>

#include <exception>
#include <string>
#include <string_view>
#include <utility>

namespace mobileclip {

/// What kind of failure; each border (C ABI, command line, server) maps it to its own status.
enum class ErrorCode {
  kInvalidArgument,  ///< the caller asked for something that has no meaning
  kNotFound,         ///< no such file or name
  kIo,               ///< the operating system refused a read or a write
  kNoSpace,          ///< the disk is full
  kDecode,           ///< bytes that are no image, or a damaged one
  kUnsupported,      ///< a valid thing that this program does not do
  kNotCheckpoint,    ///< a file that is no checkpoint at all
  kWrongModel,       ///< a checkpoint, but not of the model that was asked for
  kDamaged,          ///< a checkpoint or own file that is truncated, corrupt or not finite
  kHostile,          ///< a file that asks for something a data file never needs
  kTooLarge,         ///< over a documented cap
  kNonFinite,        ///< NaN or infinity, or a zero norm, where a result must be finite
  kInternal,         ///< a defect of this program
};

/// The stable lower-case name used in JSON output ("decode", "not_found", …).
std::string_view error_code_name(ErrorCode code);

/// Thrown inside the library; it becomes a status, an exit code or an HTTP status at the borders.
class Error : public std::exception {
 public:
  Error(ErrorCode code, std::string message) : code_(code), message_(std::move(message)) {}
  ErrorCode code() const { return code_; }
  const std::string& message() const { return message_; }
  const char* what() const noexcept override { return message_.c_str(); }

 private:
  ErrorCode code_;
  std::string message_;
};

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
