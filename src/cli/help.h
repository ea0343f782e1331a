/// Runs one command of the table: parses its words, or writes its help.
#ifndef MOBILECLIP_CLI_HELP_H_
#define MOBILECLIP_CLI_HELP_H_

#include "cli/command.h"

namespace mobileclip::cli {

void write_options(const std::vector<Option>& options, Output& out);
/// UsageError for words that fit no option.
ExitCode run_command(const Command& command, const std::vector<std::string>& words, Output& out);

}  // namespace mobileclip::cli

#endif  // MOBILECLIP_CLI_HELP_H_
