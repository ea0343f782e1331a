// tokenize: texts to token ids.
#include <fmt/format.h>

#include <iostream>
#include <utility>

#include "checkpoint/checkpoint.h"
#include "cli/command.h"
#include "cli/json.h"
#include "engine/model_tokenizer.h"
#include "engine/recognise.h"

namespace mobileclip::cli {
namespace {

/// That of --arch or of the model given, else CLIP's.
ModelTokenizer tokenizer_of(const Arguments& arguments) {
  const ModelConfig* config = arch_of(arguments);
  std::string weights;
  if (arguments.has("model")) {
    const Checkpoint checkpoint = open_model(arguments);
    weights = checkpoint.name();
    if (config == nullptr) config = recognise(checkpoint).config;
  }
  if (config == nullptr) config = &require_variant("mobileclip_s0");
  ModelTokenizer out(*config, weights, sentence_piece_of(arguments, *config));
  out.require_file();
  return out;
}

class Printer {
 public:
  Printer(ModelTokenizer tokenizer, bool quiet, Output& out)
      : tokenizer_(std::move(tokenizer)), quiet_(quiet), out_(out) {}

  void text(const std::string& text) {
    ++items_;
    const Tokens tokens = tokenizer_.encode(text);
    if (tokens.truncated && !quiet_) {
      message(fmt::format("warning: cut to {} tokens: {}", tokenizer_.context_length(),
                          quote(text, 60)));
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
  ModelTokenizer tokenizer_;
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
  Printer printer(tokenizer_of(arguments), settings.quiet, out);
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
           kArchOption,
           kTokenizerOption},
          run};
}

}  // namespace mobileclip::cli
