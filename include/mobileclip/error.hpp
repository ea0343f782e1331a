/// The one error type of the library: a code and a sentence.
#ifndef MOBILECLIP_ERROR_HPP_
#define MOBILECLIP_ERROR_HPP_

#include <exception>
#include <string>
#include <string_view>
#include <utility>

#include "mobileclip/export.h"

namespace mobileclip {

/// What kind of failure. The numbers are those of the C statuses (mobileclip.h) and stay.
enum class ErrorCode {
  kInvalidArgument = 1,  ///< the caller asked for something that has no meaning
  kNotFound = 2,         ///< no such file or name
  kIo = 3,               ///< the operating system refused a read or a write
  kNoSpace = 4,          ///< the disk is full
  kDecode = 5,           ///< bytes that are no image, or a damaged one
  kUnsupported = 6,      ///< a valid thing that this program does not do
  kNotCheckpoint = 7,    ///< a file that is no checkpoint at all
  kWrongModel = 8,       ///< a checkpoint, but not of the model that was asked for
  kDamaged = 9,          ///< a checkpoint or own file that is truncated, corrupt or not finite
  kHostile = 10,         ///< a file that asks for something a data file never needs
  kTooLarge = 11,        ///< over a documented cap
  kNonFinite = 12,       ///< NaN or infinity, or a zero norm, where a result must be finite
  kInternal = 13,        ///< a defect of this program
};

/// The stable lower-case name used in JSON output ("decode", "not_found", …).
MOBILECLIP_API std::string_view error_code_name(ErrorCode code);

/// Thrown by the library. The sentence names what was done, to what, and what was expected.
class MOBILECLIP_API Error : public std::exception {
 public:
  Error(ErrorCode code, std::string message) : code_(code), message_(std::move(message)) {}
  ErrorCode code() const { return code_; }
  const std::string& message() const { return message_; }
  const char* what() const noexcept override;

 private:
  ErrorCode code_;
  std::string message_;
};

}  // namespace mobileclip

#endif  // MOBILECLIP_ERROR_HPP_
