// tokenize: texts to token ids.
#include <fmt/format.h>

#include <iostream>

#include "checkpoint/checkpoint.h"
#include "cli/command.h"
#include "cli/json.h"
#include "engine/recognise.h"
#include "text/tokenizer.h"

namespace mobileclip::cli {
namespace {

/// The context of --arch or of the model given, or the default.
int context_of(const Arguments& arguments) {
  if (const ModelConfig* arch = arch_of(arguments)) return arch->text.context;
  if (!arguments.has("model")) return Tokenizer::kDefaultContextLength;
  return recognise(open_model(arguments)).config->text.context;
}

class Printer {
 public:
  Printer(int context, bool quiet, Output& out) : context_(context), quiet_(quiet), out_(out) {}

  void text(const std::string& text) {
    ++items_;
    const Tokens tokens = Tokenizer::shared().encode(text, context_);
    if (tokens.truncated && !quiet_) {
      message(fmt::format("warning: cut to {} tokens: {}", context_, quote(text, 60)));
    }
    line_ = '[';
    for (const int32_t id : tokens.ids) {
      if (line_.size() > 1) line_ += ',';
      fmt::format_to(std::back_inserter(line_), "{}", id);
    }
    line_ += "]\n";
    out_.write(line_);
  }

  void json(const std::string& line) {
    try {
      text(text_of_json_line(line));
    } catch (const Error& error) {
      ++items_;
      ++failed_;
      out_.line(fmt::format("{{\"error\":{}}}", error_json(error)));
    }
  }

  ExitCode exit() const { return exit_code(items_, failed_); }

 private:
  int context_;
  bool quiet_;
  Output& out_;
  std::string line_;
  size_t items_ = 0, failed_ = 0;
};

ExitCode run(const Arguments& arguments, Output& out) {
  const Settings settings = settings_of(arguments);
  const bool jsonl = arguments.has("jsonl");
  if (jsonl && !arguments.positional().empty()) {
    throw UsageError("--jsonl reads standard input: give no TEXT with it");
  }
  Printer printer(context_of(arguments), settings.quiet, out);
  if (!arguments.positional().empty()) {
    for (const std::string& text : arguments.positional()) printer.text(text);
    return printer.exit();
  }
  std::ios::sync_with_stdio(false);
  for (std::string line; std::getline(std::cin, line);) {
    if (line.ends_with('\r')) line.pop_back();
    if (jsonl) {
      printer.json(line);
    } else {
      printer.text(line);
    }
  }
  return printer.exit();
}

}  // namespace

Command tokenize_command() {
  return {"tokenize",
          "[TEXT...]",
          "token ids of texts, or of each line of standard input, one JSON array a line",
          {{"jsonl", '\0', Arity::kFlag, "", "each line is a JSON string or an object with text"},
           kModelOption,
           kArchOption},
          run};
}

}  // namespace mobileclip::cli
