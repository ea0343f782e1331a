/// The parts of `mobileclip eval`.
#ifndef MOBILECLIP_CLI_CMD_EVAL_H_
#define MOBILECLIP_CLI_CMD_EVAL_H_

#include "cli/command.h"

namespace mobileclip::cli {

ExitCode eval_run(const Arguments& arguments, Output& out);
ExitCode eval_verify(const Arguments& arguments, Output& out);
ExitCode eval_list(const Arguments& arguments, Output& out);
ExitCode eval_report(const Arguments& arguments, Output& out);
ExitCode eval_compare(const Arguments& arguments, Output& out);

/// --data-dir, which must be there. UsageError without it.
std::string data_dir_of(const Arguments& arguments);
/// --suite as keys; UsageError for an empty word.
std::vector<std::string> suite_of(const Arguments& arguments, std::string_view fallback);

}  // namespace mobileclip::cli

#endif  // MOBILECLIP_CLI_CMD_EVAL_H_
