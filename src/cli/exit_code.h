/// Exit codes, in one place.
#ifndef MOBILECLIP_CLI_EXIT_CODE_H_
#define MOBILECLIP_CLI_EXIT_CODE_H_

#include <cstddef>

#include "base/error.h"

namespace mobileclip::cli {

enum ExitCode : int {
  kOk = 0,
  kFailure = 1,
  kUsage = 2,
  kSomeFailed = 3,
  kIntegrity = 4,  ///< a checkpoint or own file is damaged or hostile
};

ExitCode exit_code(ErrorCode code);

/// Of a command over `items` items of which `failed` failed.
ExitCode exit_code(size_t items, size_t failed);

}  // namespace mobileclip::cli

#endif  // MOBILECLIP_CLI_EXIT_CODE_H_
