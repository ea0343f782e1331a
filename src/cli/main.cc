// The program: a table of commands, and the border where errors become exit codes.
#include <fmt/format.h>

#include <algorithm>
#include <csignal>
#include <cstdlib>
#include <new>

#include "cli/command.h"
#include "image/decode.h"
#include "kernels/isa.h"
#include "mobileclip/version.h"

namespace mobileclip::cli {
namespace {

std::vector<Command> commands() {
  return {classify_command(), embed_command(), tokenize_command(), preprocess_command(),
          info_command(), train_command()};
}

void write_options(const std::vector<Option>& options, Output& out) {
  for (const Option& option : options) {
    const std::string letter = option.letter == '\0' ? "    " : fmt::format("-{}, ", option.letter);
    const std::string name = fmt::format("{}--{} {}", letter, option.name, option.value);
    out.line(fmt::format("  {:<28} {}", name, option.help));
  }
}

void write_help(const Command& command, Output& out) {
  out.line(fmt::format("usage: mobileclip {} {}\n\n{}\n", command.name, command.arguments,
                       command.summary));
  write_options(command.options, out);
  write_options(general_options(), out);
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
  const char* name =
      std::getenv("MOBILECLIP_ISA");  // NOLINT(concurrency-mt-unsafe): no threads yet
  if (name == nullptr || *name == '\0') return;
  try {
    kernels::force_isa(name);
  } catch (const Error& error) {
    throw UsageError(fmt::format("$MOBILECLIP_ISA: {}", error.message()));
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
      throw UsageError("no command: classify, embed, tokenize, preprocess, info or train (--help)");
    }
    write_overview(out);
    return kOk;
  }
  const std::string name = words[at];
  words.erase(before);
  for (const Command& command : commands()) {
    if (command.name != name) continue;
    const Arguments arguments = parse_arguments(words, command.options);
    if (arguments.has("help")) {
      write_help(command, out);
      return kOk;
    }
    return command.run(arguments, out);
  }
  throw UsageError(fmt::format("unknown command {} (--help lists them)", quote(name)));
}

/// Runs, and sees to it that all results are out before success is reported.
int run(int argc, char** argv) {
  Output out;
  try {
    const ExitCode code = dispatch({argv + 1, argv + argc}, out);
    out.flush();
    return code;
  } catch (const UsageError& error) {
    message(error.message());
    return kUsage;
  } catch (const Error& error) {
    message(error.message());
    return exit_code(error.code());
  } catch (const std::bad_alloc&) {
    message("not enough memory");
    return kFailure;
  } catch (const std::exception& error) {
    message(fmt::format("unexpected: {}", error.what()));
    return kFailure;
  }
}

}  // namespace
}  // namespace mobileclip::cli

int main(int argc, char** argv) {
  std::signal(SIGPIPE, SIG_IGN);
  std::signal(SIGXFSZ, SIG_IGN);
  return mobileclip::cli::run(argc, argv);
}
