// convert: a checkpoint in the form that is mapped and used as it lies.
#include <fmt/format.h>
#include <sys/stat.h>

#include "base/error.h"
#include "cli/command.h"
#include "cli/json.h"
#include "cli/weights_hash.h"
#include "engine/compact.h"
#include "engine/convert.h"
#include "engine/find_model.h"
#include "engine/recognise.h"
#include "engine/training_form.h"

namespace mobileclip::cli {
namespace {

DType dtype_of(const Arguments& arguments) {
  const std::string name = arguments.one("dtype", "f32");
  if (name == "f32") return DType::kFloat32;
  if (name == "f16") return DType::kFloat16;
  if (name == "bf16") return DType::kBFloat16;
  throw UsageError(fmt::format("--dtype takes f32, f16 or bf16, not {}", quote(name)));
}

uint64_t size_of(const std::string& path) {
  struct stat status {};
  return ::stat(path.c_str(), &status) == 0 ? static_cast<uint64_t>(status.st_size) : 0;
}

void report(const std::string& to, const ModelConfig& config, std::string_view form,
            std::string_view dtype, const std::string& source, bool json, Output& out) {
  const uint64_t bytes = size_of(to);
  if (json) {
    out.line(
        fmt::format("{{\"file\":{},\"variant\":\"{}\",\"form\":\"{}\",\"dtype\":\"{}\","
                    "\"bytes\":{},\"source_sha256\":\"{}\"}}",
                    json_string(to), config.name, form, dtype, bytes, source));
    return;
  }
  out.line(fmt::format("{}: {}, {} form, {}, {:.1f} MB", to, config.name, form, dtype,
                       static_cast<double>(bytes) / 1e6));
}

ExitCode run(const Arguments& arguments, Output& out) {
  const Settings settings = settings_of(arguments);
  if (arguments.positional().size() != 2) throw UsageError("convert takes IN and OUT.safetensors");
  const std::string& to = arguments.positional()[1];
  if (!to.ends_with(".safetensors")) {
    throw UsageError(fmt::format("{}: the name must end in .safetensors", quote(to)));
  }
  const bool compact = arguments.has("compact");
  if (compact && (arguments.has("dtype") || arguments.has("arch"))) {
    throw UsageError("--compact has types of its own and no variant to choose");
  }
  const bool branches = arguments.has("keep-branches");
  if (branches && (compact || arguments.has("dtype"))) {
    throw UsageError("--keep-branches keeps the types too: it goes without --compact and --dtype");
  }
  if (!branches && (arguments.has("dialect") || arguments.has("force"))) {
    throw UsageError("--dialect and --force go with --keep-branches");
  }
  const std::string dialect = arguments.one("dialect");
  if (arguments.has("dialect") && dialect != "mobileclip" && dialect != "open_clip") {
    throw UsageError(
        fmt::format("--dialect takes mobileclip or open_clip, not {}", quote(dialect)));
  }
  if (!compact && arguments.has("licence")) {
    throw UsageError("--licence goes with --compact; the folded form keeps the source's");
  }
  const ModelConfig* arch = arch_of(arguments);
  ConvertOptions options;
  options.dtype = dtype_of(arguments);
  if (arch != nullptr) options.arch = arch->name;

  const Checkpoint from = mobileclip::open_model(arguments.positional()[0]);
  if (!settings.quiet) {
    for (const std::string& warning : from.warnings()) message(warning);
  }
  ThreadPool pool(settings.threads);
  options.source_sha256 = weights_sha256(from);
  if (branches) {
    const ModelConfig& written =
        write_training_form(from, to, {options.arch, dialect, arguments.has("force")}, pool);
    report(to, written, "training", "as they were", options.source_sha256, settings.json, out);
    return kOk;
  }
  const ModelConfig& config = *recognise(from, options.arch).config;
  if (compact) {
    write_compact(from, to, arguments.one("licence"), pool);
    report(to, config, "training", "int8", options.source_sha256, settings.json, out);
    return kOk;
  }
  write_converted(from, to, options, pool);
  report(to, config, "inference", arguments.one("dtype", "f32"), options.source_sha256,
         settings.json, out);
  return kOk;
}

}  // namespace

Command convert_command() {
  return {"convert",
          "IN OUT.safetensors",
          "writes a checkpoint in the folded form: one that loads at once and is used as it lies",
          {{"dtype", '\0', Arity::kOne, "f32|f16|bf16", "how weights are stored (default f32)"},
           {"compact", '\0', Arity::kFlag, "",
            "the small form of docs/format.md instead: int8, not folded"},
           {"keep-branches", '\0', Arity::kFlag, "",
            "not folded and not changed: the training form, as safetensors"},
           {"dialect", '\0', Arity::kOne, "mobileclip|open_clip",
            "with --keep-branches: whose tensor names (default: those it has)"},
           {"force", '\0', Arity::kFlag, "",
            "with --dialect: also MobileCLIP-B, whose embeddings differ between the two"},
           {"licence", '\0', Arity::kOne, "TEXT",
            "with --compact: of the weights (default: the variant's)"},
           kArchOption},
          run};
}

}  // namespace mobileclip::cli
