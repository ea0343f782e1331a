#include "cli/help.h"

#include <fmt/format.h>

#include <algorithm>

namespace mobileclip::cli {
void write_options(const std::vector<Option>& options, Output& out) {
  for (const Option& option : options) {
    const std::string letter = option.letter == '\0' ? "    " : fmt::format("-{}, ", option.letter);
    const std::string name = fmt::format("{}--{} {}", letter, option.name, option.value);
    out.line(fmt::format("  {:<28} {}", name, option.help));
  }
}

namespace {

void write_help(const Command& command, Output& out) {
  out.line(fmt::format("usage: mobileclip {}{}{}\n\n{}\n", command.name,
                       command.arguments.empty() ? "" : " ", command.arguments, command.summary));
  write_options(command.options, out);
  // A command may have a general option in a form of its own.
  std::vector<Option> others = general_options();
  std::erase_if(others, [&](const Option& general) {
    return std::ranges::any_of(command.options,
                               [&](const Option& own) { return own.name == general.name; });
  });
  write_options(others, out);
}

}  // namespace

ExitCode run_command(const Command& command, const std::vector<std::string>& words, Output& out) {
  const Arguments arguments = parse_arguments(words, command.options);
  if (arguments.has("help")) {
    write_help(command, out);
    return kOk;
  }
  return command.run(arguments, out);
}

}  // namespace mobileclip::cli
