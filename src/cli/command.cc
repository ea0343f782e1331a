#include "cli/command.h"

#include <fmt/format.h>
#include <sys/stat.h>

#include <cstdlib>
#include <string_view>

#include "base/error.h"
#include "base/mapped_file.h"
#include "cli/json.h"
#include "cli/shipped_model.h"

namespace mobileclip::cli {
namespace {

constexpr int kMaxThreads = 256;
constexpr int kMaxBatch = 1024;
constexpr int kDefaultBatch = 8;
constexpr size_t kMaxTextFile = size_t{1} << 30;

std::string environment(const char* name) {
  const char* value = std::getenv(name);  // NOLINT(concurrency-mt-unsafe): before any thread
  return value == nullptr ? "" : value;
}

bool exists(const std::string& path) {
  struct stat status {};
  return ::stat(path.c_str(), &status) == 0;
}

/// Where named models are; empty without a home.
std::string models_folder() {
  if (std::string folder = environment("MOBILECLIP_HOME"); !folder.empty()) return folder;
  const std::string home = environment("HOME");
  return home.empty() ? "" : home + "/.cache/mobileclip";
}

/// The file that a word of -m means, or nothing.
std::optional<std::string> find_file(const std::string& file_or_name) {
  const bool is_path =
      file_or_name.find('/') != std::string::npos || file_or_name.find('.') != std::string::npos;
  if (is_path || exists(file_or_name)) return file_or_name;
  const std::string folder = models_folder();
  for (const std::string_view extension : {".safetensors", ".pt"}) {
    std::string path = fmt::format("{}/{}{}", folder, file_or_name, extension);
    if (!folder.empty() && exists(path)) return path;
  }
  return std::nullopt;
}

[[noreturn]] void not_found(const std::string& name) {
  const std::string folder = models_folder();
  if (folder.empty()) {
    fail(ErrorCode::kNotFound,
         "no file {}, and neither $MOBILECLIP_HOME nor $HOME says where named models are",
         quote(name));
  }
  fail(ErrorCode::kNotFound, "no model {0}: no such file, and no {0}.safetensors or .pt in {1}",
       name, quote(folder));
}

/// -m, else $MOBILECLIP_MODEL, else the shipped model's name, which may be empty.
std::string model_word(const Arguments& arguments) {
  if (arguments.has("model")) return arguments.one("model");
  if (std::string name = environment("MOBILECLIP_MODEL"); !name.empty()) return name;
  return std::string(shipped_model().name);
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
  const std::string word = model_word(arguments);
  if (const std::optional<std::string> path = find_file(word)) return Checkpoint::open(*path);
  const ShippedModel shipped = shipped_model();
  if (shipped.bytes.empty() || word != shipped.name) not_found(word);
  return Checkpoint::parse(MappedFile::view(shipped.bytes), word);
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

std::shared_ptr<const Model> load_model(const Arguments& arguments, const Settings& settings,
                                        Towers towers, ThreadPool& pool) {
  const ModelConfig* arch = arch_of(arguments);
  LoadOptions options;
  if (arch != nullptr) options.arch = arch->name;
  options.towers = towers;
  auto model = Model::load(open_model(arguments), options, pool);
  if (!settings.quiet) {
    for (const std::string& warning : model->warnings()) message(warning);
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
