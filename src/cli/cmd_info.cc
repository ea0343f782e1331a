// info: what a checkpoint is and holds.
#include <fmt/format.h>

#include <map>

#include "checkpoint/checkpoint.h"
#include "cli/command.h"
#include "cli/json.h"
#include "cli/weights_hash.h"
#include "download/sha256.h"
#include "engine/find_model.h"
#include "engine/recognise.h"

namespace mobileclip::cli {
namespace {

template <typename T>
std::string json_list(const T& values) {
  return fmt::format("[{}]", fmt::join(values, ","));
}

std::vector<std::string> json_strings(const std::vector<std::string>& texts) {
  std::vector<std::string> out;
  out.reserve(texts.size());
  for (const std::string& text : texts) out.push_back(json_string(text));
  return out;
}

std::vector<std::string> json_of(const std::vector<FileHash>& files) {
  std::vector<std::string> out;
  out.reserve(files.size());
  for (const FileHash& one : files) {
    out.push_back(
        fmt::format("{{\"file\":{},\"sha256\":\"{}\"}}", json_string(one.file), one.sha256));
  }
  return out;
}

/// The floating type of most elements.
std::string_view main_dtype(const Checkpoint& checkpoint) {
  std::map<DType, uint64_t> elements;
  for (const TensorEntry& tensor : checkpoint.tensors()) {
    if (is_floating(tensor.dtype)) elements[tensor.dtype] += tensor.elements();
  }
  DType best = DType::kFloat32;
  uint64_t most = 0;
  for (const auto& [dtype, count] : elements) {
    if (count > most) {
      best = dtype;
      most = count;
    }
  }
  return dtype_name(best);
}

void write_values(const TensorEntry& tensor, Output& out) {
  out.write(",\"values\":[");
  const uint64_t count = tensor.elements();
  const bool narrow = tensor.dtype == DType::kFloat32;
  for (uint64_t i = 0; i < count; ++i) {
    if (i != 0) out.write(",");
    if (!is_floating(tensor.dtype)) {
      out.write(std::to_string(read_integer(tensor, i)));
    } else if (narrow) {
      out.write(json_number(static_cast<float>(read_element(tensor, i))));
    } else {
      out.write(json_number(read_element(tensor, i)));
    }
  }
  out.write("]");
}

void write_tensors(const Checkpoint& checkpoint, bool values, Output& out) {
  out.write("{\"tensors\":{");
  bool first = true;
  for (const TensorEntry& tensor : checkpoint.tensors()) {
    if (!first) out.write(",");
    first = false;
    out.write(fmt::format("\n{}:{{\"dtype\":\"{}\",\"shape\":{}", json_string(tensor.name),
                          dtype_name(tensor.dtype), json_list(tensor.shape)));
    if (values) write_values(tensor, out);
    out.write("}");
  }
  out.line("\n}}");
}

/// What is shown, in both forms.
struct Facts {
  std::string file, hash;
  std::vector<FileHash> parts;  // of an index
  const Checkpoint& checkpoint;
  const Recognised& recognised;
  std::vector<std::string> folded;
  std::string_view form() const {
    return checkpoint.is_inference_form() ? "inference" : "training";
  }
};

/// What the two dialects of MobileCLIP-B differ in; empty for other networks.
std::string network_facts(const ModelConfig& config) {
  if (config.image_tower != ImageTower::kVit) return "";
  return fmt::format("stem padding {}, image layer norm eps {:g}", config.vit.stem_padding,
                     config.vit.ln_eps);
}

/// What is not certain about the variants that the file may be.
std::vector<std::string> notes(const Facts& facts) {
  std::vector<std::string> out;
  for (const std::string& name : facts.recognised.candidates) {
    const std::string_view note = find_variant(name)->note;
    if (!note.empty() && !facts.recognised.contract_is_stated) {
      out.push_back(fmt::format("{}: {}", name, note));
    }
  }
  return out;
}

/// Where mean, std, interpolation and resize are from.
std::string_view contract_source(const Facts& facts) {
  if (!facts.recognised.contract_is_stated) return "table";
  return facts.checkpoint.is_inference_form() ? "file" : "open_clip_config.json";
}

std::string_view resize_name(const ModelConfig& config) {
  return config.resize == ResizeKind::kSquash ? "squash" : "shortest";
}

std::string_view interpolation_name(const ModelConfig& config) {
  return config.interpolation == InterpolationKind::kBicubic ? "bicubic" : "bilinear";
}

void write_json(const Facts& facts, bool verbose, Output& out) {
  const ModelConfig& config = facts.recognised.effective;
  const ParameterCount params = count_parameters(config);
  std::string line = fmt::format(
      "{{\"file\":{},\"sha256\":\"{}\",\"format\":\"{}\",\"form\":\"{}\",\"variant\":\"{}\","
      "\"dialect\":\"{}\",\"candidates\":{},",
      json_string(facts.file), facts.hash, facts.checkpoint.format(), facts.form(), config.name,
      config.dialect, json_list(json_strings(facts.recognised.candidates)));
  line += fmt::format(
      "\"input\":{{\"size\":{},\"mean\":{},\"std\":{},\"interpolation\":\"{}\",\"context\":{},"
      "\"resize\":\"{}\",\"source\":\"{}\"}},",
      config.image_size, json_list(config.mean), json_list(config.std), interpolation_name(config),
      config.text.context, resize_name(config), contract_source(facts));
  if (config.image_tower == ImageTower::kVit) {
    line += fmt::format("\"stem_padding\":{},\"image_ln_eps\":{:g},", config.vit.stem_padding,
                        config.vit.ln_eps);
  }
  if (const auto list = notes(facts); !list.empty()) {
    line += fmt::format("\"notes\":{},", json_list(json_strings(list)));
  }
  line += fmt::format(
      "\"params\":{{\"image\":{},\"text\":{}}},\"tensors_total\":{},\"dtype\":\"{}\",\"license\":{"
      "}",
      params.image, params.text, facts.checkpoint.tensors().size(), main_dtype(facts.checkpoint),
      json_string(config.licence));
  if (!facts.parts.empty()) line += fmt::format(",\"parts\":{}", json_list(json_of(facts.parts)));
  if (verbose) line += fmt::format(",\"folded\":{}", json_list(json_strings(facts.folded)));
  out.line(line + "}");
}

void write_text(const Facts& facts, bool verbose, Output& out) {
  const ModelConfig& config = facts.recognised.effective;
  const ParameterCount params = count_parameters(config);
  out.line(fmt::format("file        {}", facts.file));
  out.line(fmt::format("sha256      {}", facts.hash));
  for (const FileHash& part : facts.parts) {
    out.line(fmt::format("part        {}\nsha256      {}", part.file, part.sha256));
  }
  out.line(fmt::format("format      {}, {} form", facts.checkpoint.format(), facts.form()));
  out.line(fmt::format(
      "variant     {}{}", config.name,
      facts.recognised.candidates.size() > 1
          ? fmt::format("  (one network: {})", fmt::join(facts.recognised.candidates, ", "))
          : ""));
  out.line(fmt::format("dialect     {}", config.dialect));
  if (const std::string network = network_facts(config); !network.empty()) {
    out.line(fmt::format("network     {}", network));
  }
  out.line(fmt::format("image       {0} x {0}{1}, {2}, mean {3}, std {4}", config.image_size,
                       config.resize == ResizeKind::kSquash ? " squashed" : "",
                       interpolation_name(config), fmt::join(config.mean, " "),
                       fmt::join(config.std, " ")));
  if (facts.recognised.contract_is_stated && !facts.checkpoint.is_inference_form()) {
    out.line("            as the open_clip_config.json beside it says");
  }
  for (const std::string& note : notes(facts)) out.line(fmt::format("note        {}", note));
  out.line(fmt::format("text        {} tokens", config.text.context));
  out.line(fmt::format("parameters  {:.1f} M image + {:.1f} M text",
                       static_cast<double>(params.image) / 1e6,
                       static_cast<double>(params.text) / 1e6));
  out.line(fmt::format("tensors     {}, {}", facts.checkpoint.tensors().size(),
                       main_dtype(facts.checkpoint)));
  out.line(fmt::format("license     {}", config.licence));
  if (!verbose) return;
  out.line(fmt::format("folded      {} layers", facts.folded.size()));
  for (const std::string& layer : facts.folded) out.line("  " + layer);
}

ExitCode run(const Arguments& arguments, Output& out) {
  const Settings settings = settings_of(arguments);
  if (arguments.positional().size() != 1) throw UsageError("info takes one FILE or NAME");
  if (arguments.has("values") && !arguments.has("tensors")) {
    throw UsageError("--values goes with --tensors");
  }
  const ModelConfig* arch = arch_of(arguments);
  const std::string& path = arguments.positional().front();
  const Checkpoint checkpoint = mobileclip::open_model(path);
  ThreadPool pool(settings.threads);
  checkpoint.verify(pool);
  if (!settings.quiet) {
    for (const std::string& warning : checkpoint.warnings()) message(warning);
  }
  if (arguments.has("tensors")) {
    write_tensors(checkpoint, arguments.has("values"), out);
    return kOk;
  }
  const std::string asked = arch == nullptr ? "" : std::string(arch->name);
  const Recognised recognised = recognise(checkpoint, asked);
  Facts facts{
      path, sha256_of(checkpoint.file().bytes()), part_hashes(checkpoint), checkpoint, recognised,
      {}};
  // The names and shapes of a converted file are checked only when it is loaded.
  if (settings.verbose || checkpoint.is_inference_form()) {
    LoadOptions options;
    options.arch = asked;
    facts.folded = Model::load(checkpoint, options, pool)->folded_layers();
  }
  if (settings.json) {
    write_json(facts, settings.verbose, out);
  } else {
    write_text(facts, settings.verbose, out);
  }
  return kOk;
}

}  // namespace

Command info_command() {
  return {"info",
          "FILE|NAME",
          "what a checkpoint is; with --tensors what any checkpoint holds, as JSON",
          {{"tensors", '\0', Arity::kFlag, "", "names, types and shapes"},
           {"values", '\0', Arity::kFlag, "", "with --tensors: all values too"},
           kArchOption},
          run};
}

}  // namespace mobileclip::cli
