/// The border where errors become exit codes.
#ifndef MOBILECLIP_CLI_BORDER_H_
#define MOBILECLIP_CLI_BORDER_H_

#include <functional>

#include "cli/exit_code.h"
#include "cli/output.h"

namespace mobileclip::cli {

/// Runs, sees to it that all results are out before success is reported, and turns every exception
/// into a sentence on standard error and an exit code.
int guarded(const std::function<ExitCode(Output&)>& run);

}  // namespace mobileclip::cli

#endif  // MOBILECLIP_CLI_BORDER_H_
