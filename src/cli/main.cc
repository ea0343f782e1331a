// The program: a table of commands, and the border where errors become exit codes.
#include <fmt/format.h>

#include <algorithm>
#include <csignal>
#include <cstdlib>

#include "cli/border.h"
#include "cli/command.h"
#include "cli/help.h"
#include "image/decode.h"
#include "kernels/isa.h"
#include "mobileclip/version.h"

namespace mobileclip::cli {
namespace {

std::vector<Command> commands() {
  return {classify_command(), embed_command(),  tokenize_command(), preprocess_command(),
          info_command(),     models_command(), download_command(), convert_command(),
          verify_command(),   bench_command(),  train_command(),    reinforce_command(),
          data_command(),     eval_command()};
}

void write_overview(Output& out) {
  out.line("usage: mobileclip COMMAND [ARGUMENTS]\n\nMobileCLIP image and text embeddings.\n");
  for (const Command& command : commands()) {
    out.line(fmt::format("  {:<12} {}", command.name, command.summary));
  }
  out.line("\n`mobileclip COMMAND --help` tells more; --version shows versions.");
}

void write_version(Output& out) {
  out.line(fmt::format("mobileclip {}", MOBILECLIP_VERSION));
  out.line(fmt::format("codecs: {}", fmt::join(codec_versions(), ", ")));
  out.line(fmt::format("instruction set: {} (available: {})", kernels::isa_name(),
                       fmt::join(kernels::available_isas(), ", ")));
}

void choose_isa() {
  try {
    kernels::force_isa_of_environment();
  } catch (const Error& error) {
    throw UsageError(error.message());
  }
}

/// Position of the command among the words: general options may stand before it.
size_t find_command(const std::vector<std::string>& words) {
  for (size_t i = 0; i < words.size(); ++i) {
    if (!words[i].starts_with('-')) return i;
    const bool takes_value = std::ranges::any_of(general_options(), [&](const Option& option) {
      return option.arity == Arity::kOne && (words[i] == fmt::format("--{}", option.name) ||
                                             words[i] == fmt::format("-{}", option.letter));
    });
    if (takes_value) ++i;
  }
  return words.size();
}

ExitCode dispatch(std::vector<std::string> words, Output& out) {
  choose_isa();
  const size_t at = find_command(words);
  const auto before = words.begin() + static_cast<ptrdiff_t>(at);
  if (std::find(words.begin(), before, "--version") != before) {
    write_version(out);
    return kOk;
  }
  if (at == words.size()) {
    const Arguments arguments = parse_arguments(words, {});
    if (!arguments.has("help")) {
      throw UsageError("no command: --help lists them");
    }
    write_overview(out);
    return kOk;
  }
  const std::string name = words[at];
  words.erase(before);
  for (const Command& command : commands()) {
    if (command.name != name) continue;
    if (!command.program.empty()) run_program(command.program, words);
    return run_command(command, words, out);
  }
  throw UsageError(fmt::format("unknown command {} (--help lists them)", quote(name)));
}

}  // namespace
}  // namespace mobileclip::cli

int main(int argc, char** argv) {
  std::signal(SIGPIPE, SIG_IGN);
  std::signal(SIGXFSZ, SIG_IGN);
  const std::vector<std::string> words(argv + 1, argv + argc);
  return mobileclip::cli::guarded(
      [&](mobileclip::cli::Output& out) { return mobileclip::cli::dispatch(words, out); });
}
