#include "cli/command.h"

#include <fmt/format.h>

#include <string_view>

#include "base/error.h"
#include "base/mapped_file.h"
#include "cli/json.h"
#include "engine/find_model.h"

namespace mobileclip::cli {
namespace {

constexpr int kMaxThreads = 256;
constexpr int kMaxBatch = 1024;
constexpr int kDefaultBatch = 8;
constexpr size_t kMaxTextFile = size_t{1} << 30;

/// -m, else the default, which may be empty.
std::string model_word(const Arguments& arguments) {
  if (arguments.has("model")) return arguments.one("model");
  return default_model();
}

}  // namespace

Settings settings_of(const Arguments& arguments) {
  Settings out{};
  out.threads = arguments.number("threads", available_cores(), 1, kMaxThreads);
  out.batch = static_cast<size_t>(arguments.number("batch", kDefaultBatch, 1, kMaxBatch));
  out.json = arguments.has("json");
  out.quiet = arguments.has("quiet");
  out.verbose = arguments.has("verbose");
  return out;
}

void require_model(const Arguments& arguments) {
  if (!arguments.has("model") && model_word(arguments).empty()) {
    throw UsageError(
        "no model: give one with -m FILE|NAME or $MOBILECLIP_MODEL, or get one with `mobileclip "
        "download NAME`");
  }
}

Checkpoint open_model(const Arguments& arguments) {
  require_model(arguments);
  return mobileclip::open_model(model_word(arguments));
}

const ModelConfig* arch_of(const Arguments& arguments) {
  if (!arguments.has("arch")) return nullptr;
  const ModelConfig* config = find_variant(arguments.one("arch"));
  if (config != nullptr) return config;
  std::vector<std::string_view> names;
  for (const ModelConfig& variant : variants()) names.push_back(variant.name);
  throw UsageError(fmt::format("--arch {} is no known variant; known are {}",
                               quote(arguments.one("arch")), fmt::join(names, ", ")));
}

kernels::Precision precision_of(const Arguments& arguments) {
  const std::string name = arguments.one("precision", "f32");
  if (const auto known = kernels::find_precision(name)) return *known;
  throw UsageError(fmt::format("--precision {}: f32 or bf16", quote(name)));
}

std::string sentence_piece_of(const Arguments& arguments, const ModelConfig& config) {
  if (arguments.has("tokenizer") && !config.text.sentence_piece) {
    throw UsageError(
        fmt::format("--tokenizer is for SigLIP: {} reads strings with CLIP's own", config.name));
  }
  return arguments.one("tokenizer");
}

std::shared_ptr<const Model> load_model(const Arguments& arguments, const Settings& settings,
                                        Towers towers, ThreadPool& pool) {
  const ModelConfig* arch = arch_of(arguments);
  LoadOptions options;
  if (arch != nullptr) options.arch = arch->name;
  options.towers = towers;
  options.tokenizer = arguments.one("tokenizer");
  options.precision = precision_of(arguments);
  auto model = Model::load(open_model(arguments), options, pool);
  sentence_piece_of(arguments, model->config());
  if (!settings.quiet) {
    for (const std::string& warning : model->warnings()) message(warning);
    if (options.precision == kernels::Precision::kBFloat16) {
      message("computing in bfloat16; `bench --precision bf16` says how far that is from float32");
    }
  }
  return model;
}

std::vector<std::string> read_lines(const std::string& path) {
  const std::string text = read_file(path, kMaxTextFile);
  std::string_view rest(text);
  if (rest.starts_with("\xef\xbb\xbf")) rest.remove_prefix(3);
  std::vector<std::string> lines;
  while (!rest.empty()) {
    const size_t end = rest.find('\n');
    std::string_view line = rest.substr(0, end);
    rest.remove_prefix(end == std::string_view::npos ? rest.size() : end + 1);
    if (line.ends_with('\r')) line.remove_suffix(1);
    lines.emplace_back(line);
  }
  return lines;
}

std::string error_json(const Error& error) {
  return fmt::format("{{\"code\":{},\"message\":{}}}", json_string(error_code_name(error.code())),
                     json_string(error.message()));
}

}  // namespace mobileclip::cli
