/// What the commands share: settings from the general options, and the table of commands.
#ifndef MOBILECLIP_CLI_COMMAND_H_
#define MOBILECLIP_CLI_COMMAND_H_

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/thread_pool.h"
#include "checkpoint/checkpoint.h"
#include "cli/args.h"
#include "cli/exit_code.h"
#include "cli/output.h"
#include "engine/model.h"

namespace mobileclip::cli {

struct Command {
  std::string_view name;
  std::string_view arguments;  ///< for help
  std::string_view summary;
  std::vector<Option> options;
  ExitCode (*run)(const Arguments& arguments, Output& out);
  /// Not empty: a program beside this one that takes the words as they are, because what it links
  /// (libtorch) would slow every other command's start.
  std::string_view program = {};
};

Command classify_command();
Command embed_command();
Command tokenize_command();
Command preprocess_command();
Command info_command();
Command models_command();
Command download_command();
Command convert_command();
Command verify_command();
Command bench_command();
Command train_command();
Command reinforce_command();
Command data_command();
Command eval_command();

/// Replaces this process by the program of that name, beside this one or in ../libexec/mobileclip.
/// Error kUnsupported, saying what to install, if it was not built.
[[noreturn]] void run_program(std::string_view name, const std::vector<std::string>& words);

/// The general options, checked.
struct Settings {
  int threads;
  size_t batch;
  bool json, quiet, verbose;
};
Settings settings_of(const Arguments& arguments);

/// UsageError if neither -m nor $MOBILECLIP_MODEL is given and no model is shipped.
void require_model(const Arguments& arguments);
/// The checkpoint that -m or $MOBILECLIP_MODEL names, or the shipped one. A NAME is looked up in
/// $MOBILECLIP_HOME first; Error kNotFound tells where it was looked for.
Checkpoint open_model(const Arguments& arguments);

/// --arch as a variant; null without it. UsageError for an unknown one.
const ModelConfig* arch_of(const Arguments& arguments);

/// --precision; float32 without it.
kernels::Precision precision_of(const Arguments& arguments);

/// --tokenizer; UsageError if the network has no use for it.
std::string sentence_piece_of(const Arguments& arguments, const ModelConfig& config);

/// Loads the model the arguments ask for and passes its warnings on.
std::shared_ptr<const Model> load_model(const Arguments& arguments, const Settings& settings,
                                        Towers towers, ThreadPool& pool);

/// Lines of a UTF-8 file, "-" for standard input: CR stripped, a byte-order mark dropped; a last
/// line without an end counts.
std::vector<std::string> read_lines(const std::string& path);

/// {"code":…,"message":…}
std::string error_json(const Error& error);

constexpr Option kModelOption = {"model", 'm', Arity::kOne, "FILE|NAME",
                                 "checkpoint, or a name in $MOBILECLIP_HOME"};
constexpr Option kPrecisionOption = {"precision", '\0', Arity::kOne, "f32|bf16",
                                     "arithmetic; bf16 needs a processor with AMX (f32)"};
constexpr Option kTokenizerOption = {
    "tokenizer", '\0', Arity::kOne, "FILE",
    "SentencePiece model of a SigLIP (default: spiece.model beside the weights)"};
constexpr Option kArchOption = {"arch", '\0', Arity::kOne, "NAME",
                                "variant, where the file cannot tell"};
constexpr Option kNoExifOption = {"no-exif", '\0', Arity::kFlag, "",
                                  "do not apply the EXIF orientation"};

}  // namespace mobileclip::cli

#endif  // MOBILECLIP_CLI_COMMAND_H_
