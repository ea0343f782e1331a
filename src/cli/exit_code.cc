#include "cli/exit_code.h"

namespace mobileclip::cli {

ExitCode exit_code(ErrorCode code) {
  const bool integrity = code == ErrorCode::kDamaged || code == ErrorCode::kHostile;
  return integrity ? kIntegrity : kFailure;
}

ExitCode exit_code(size_t items, size_t failed) {
  if (failed == 0) return kOk;
  return failed == items ? kFailure : kSomeFailed;
}

}  // namespace mobileclip::cli
