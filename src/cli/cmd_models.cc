// models: the known variants.
#include <fmt/format.h>

#include "cli/command.h"
#include "cli/json.h"
#include "config/accuracy.h"
#include "engine/work.h"

namespace mobileclip::cli {
namespace {

std::string_view interpolation_of(const ModelConfig& config) {
  return config.interpolation == InterpolationKind::kBicubic ? "bicubic" : "bilinear";
}

std::string json_of(const PublishedModel& model) {
  const ModelConfig& config = *find_variant(model.variant);
  const ParameterCount params = count_parameters(config);
  const Work work = work_per_item(config);
  std::string accuracy = "null";
  if (model.accuracy) {
    accuracy = fmt::format("{{\"imagenet1k_top1\":{},\"average_38\":{}}}",
                           json_number(model.accuracy->imagenet1k_top1),
                           json_number(model.accuracy->average_38));
  }
  return fmt::format(
      "{{\"name\":\"{}\",\"input\":{{\"size\":{},\"interpolation\":\"{}\",\"context\":{}}},"
      "\"embed_dim\":{},\"gflop\":{{\"image\":{:.4f},\"text\":{:.4f}}},"
      "\"params\":{{\"image\":{},\"text\":{}}},\"accuracy\":{},\"license\":{}}}",
      config.name, config.image_size, interpolation_of(config), config.text.context,
      config.embed_dim, work.image, work.text, params.image, params.text, accuracy,
      json_string(config.licence));
}

std::string line_of(const PublishedModel& model) {
  const ModelConfig& config = *find_variant(model.variant);
  const ParameterCount params = count_parameters(config);
  const Work work = work_per_item(config);
  const auto percent = [&](double PublishedAccuracy::*field) {
    return model.accuracy ? fmt::format("{:.1f}", *model.accuracy.*field) : std::string("-");
  };
  return fmt::format("{:<22} {:>4}{:>8}{:>6}{:>9.2f}{:>7.2f}{:>9.1f}{:>7.1f}{:>10}{:>8}  {}",
                     config.name, config.image_size, config.text.context, config.embed_dim,
                     work.image, work.text, static_cast<double>(params.image) / 1e6,
                     static_cast<double>(params.text) / 1e6,
                     percent(&PublishedAccuracy::imagenet1k_top1),
                     percent(&PublishedAccuracy::average_38), config.licence);
}

ExitCode run(const Arguments& arguments, Output& out) {
  const Settings settings = settings_of(arguments);
  if (!arguments.positional().empty()) throw UsageError("models takes no words");
  if (settings.json) {
    std::vector<std::string> models;
    for (const PublishedModel& model : published_models()) models.push_back(json_of(model));
    out.line(fmt::format("{{\"models\":[{}]}}", fmt::join(models, ",")));
    return kOk;
  }
  out.line(
      "                         image   text            GFLOP         M params    accuracy, %");
  out.line(
      "model                  size  tokens  dims    image   text    image   text  ImageNet  38 "
      "sets  "
      "license of the weights");
  for (const PublishedModel& model : published_models()) out.line(line_of(model));
  return kOk;
}

}  // namespace

Command models_command() {
  return {
      "models", "", "the known variants: input, size, work, published accuracy, licence", {}, run};
}

}  // namespace mobileclip::cli
