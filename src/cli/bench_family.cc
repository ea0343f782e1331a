#include "cli/bench_family.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "checkpoint/safetensors_writer.h"
#include "cli/json.h"
#include "cli/machine.h"
#include "config/accuracy.h"
#include "engine/measure.h"
#include "engine/recognise.h"
#include "engine/synthetic.h"
#include "engine/training_form.h"
#include "kernels/isa.h"

namespace mobileclip::cli {
namespace {

constexpr std::string_view kFamily[] = {
    "mobileclip_s0",          "mobileclip_s1",  "mobileclip_s2",    "mobileclip_b",
    "mobileclip_blt",         "MobileCLIP2-S0", "MobileCLIP2-S2",   "MobileCLIP2-B",
    "MobileCLIP2-S3",         "MobileCLIP2-S4", "MobileCLIP2-L-14", "ViT-B-16-quickgelu",
    "ViT-L-14-336-quickgelu", "ViT-B-16-SigLIP"};

struct Highlight {
  std::string_view model, than;
  double faster, smaller;
};
/// From the README of Apple's ml-mobileclip.
constexpr Highlight kHighlights[] = {{"mobileclip_s0", "ViT-B-16-quickgelu", 4.8, 2.8},
                                     {"mobileclip_s2", "ViT-B-16-SigLIP", 2.3, 2.1}};

/// Whether the two do the same arithmetic: one network, whatever its dialect calls the tensors.
bool same_work(const ModelConfig& a, const ModelConfig& b) {
  const ModelConfig* alike = counterpart(a, std::string(b.dialect));
  return alike != nullptr && same_network(*alike, b);
}

/// A checkpoint of synthetic weights in memory.
std::string synthetic_bytes(const ModelConfig& config) {
  std::string out;
  SafetensorsWriter writer(&out, {}, synthetic_declarations(config));
  write_synthetic_tensors(config, [&](std::span<const std::byte> part) { writer.write(part); });
  writer.finish();
  return out;
}

const FamilyRow* find(std::span<const FamilyRow> rows, std::string_view name) {
  const auto found = std::ranges::find(rows, name, &FamilyRow::name);
  return found == rows.end() ? nullptr : &*found;
}

std::string percent(const std::optional<double>& value) {
  return value ? fmt::format("{:.1f}", *value) : "-";
}

}  // namespace

std::span<const std::string_view> family() { return kFamily; }

FamilyRow measure_member(std::string_view name, std::span<const FamilyRow> before, ThreadPool& pool,
                         int runs) {
  const ModelConfig& config = require_variant(std::string(name));
  const ParameterCount parameters = count_parameters(config);
  FamilyRow out;
  out.name = config.name;
  out.parameters = static_cast<double>(parameters.image + parameters.text) / 1e6;
  for (const PublishedModel& published : published_models()) {
    if (published.variant != config.name || !published.accuracy) continue;
    out.imagenet = published.accuracy->imagenet1k_top1;
    out.average_38 = published.accuracy->average_38;
  }
  for (const FamilyRow& row : before) {
    if (!same_work(*find_variant(row.name), config)) continue;
    out.image_ms = row.image_ms;
    out.text_ms = row.text_ms;
    return out;
  }
  const std::string bytes = synthetic_bytes(config);
  LoadOptions load;
  load.arch = config.name;
  const auto model = Model::load(
      Checkpoint::parse(MappedFile::view(std::as_bytes(std::span(bytes))), "synthetic weights"),
      load, pool);
  out.image_ms = measure(model, pool, {Tower::kImage, 1, 0, runs}).median_ms;
  out.text_ms = measure(model, pool, {Tower::kText, 1, 0, runs}).median_ms;
  return out;
}

std::vector<FamilyRatio> family_ratios(std::span<const FamilyRow> rows) {
  std::vector<FamilyRatio> out;
  for (const Highlight& highlight : kHighlights) {
    const FamilyRow* model = find(rows, highlight.model);
    const FamilyRow* than = find(rows, highlight.than);
    if (model == nullptr || than == nullptr) continue;
    out.push_back({model->name, than->name, highlight.faster, highlight.smaller,
                   than->total_ms() / model->total_ms(), than->parameters / model->parameters});
  }
  return out;
}

std::string family_caption(int threads) {
  const std::string processor = processor_name();
  return fmt::format("{}{}{}, {} {}, float32, {}", processor, processor.empty() ? "" : ", ",
                     kernels::isa_name(), threads, threads == 1 ? "thread" : "threads", today());
}

std::string family_table(std::span<const FamilyRow> rows, std::string_view caption) {
  std::string out = fmt::format("{}\n", caption);
  out += fmt::format("{:<24}{:>9}{:>10}{:>9}{:>9}{:>10}{:>9}\n", "model", "M params", "image ms",
                     "text ms", "both ms", "ImageNet", "38 sets");
  for (const FamilyRow& row : rows) {
    out += fmt::format("{:<24}{:>9.1f}{:>10.2f}{:>9.2f}{:>9.2f}{:>10}{:>9}\n", row.name,
                       row.parameters, row.image_ms, row.text_ms, row.total_ms(),
                       percent(row.imagenet), percent(row.average_38));
  }
  for (const FamilyRatio& ratio : family_ratios(rows)) {
    out += fmt::format(
        "{} than {}: {:.2f} times faster, {:.2f} times smaller (published: {:.1f}, {:.1f})\n",
        ratio.model, ratio.than, ratio.faster, ratio.smaller, ratio.published_faster,
        ratio.published_smaller);
  }
  return out;
}

std::string family_json(std::span<const FamilyRow> rows, int threads) {
  const auto number = [](const std::optional<double>& value) {
    return value ? json_number(*value) : std::string("null");
  };
  std::vector<std::string> models, ratios;
  for (const FamilyRow& row : rows) {
    models.push_back(
        fmt::format("{{\"model\":\"{}\",\"params_m\":{:.3f},\"image_ms\":{:.4f},\"text_ms\":{:.4f},"
                    "\"imagenet1k_top1\":{},\"average_38\":{}}}",
                    row.name, row.parameters, row.image_ms, row.text_ms, number(row.imagenet),
                    number(row.average_38)));
  }
  for (const FamilyRatio& ratio : family_ratios(rows)) {
    ratios.push_back(
        fmt::format("{{\"model\":\"{}\",\"than\":\"{}\",\"faster\":{:.3f},\"smaller\":{:.3f},"
                    "\"published_faster\":{:.1f},\"published_smaller\":{:.1f}}}",
                    ratio.model, ratio.than, ratio.faster, ratio.smaller, ratio.published_faster,
                    ratio.published_smaller));
  }
  return fmt::format(
      "{{\"processor\":{},\"date\":\"{}\",\"isa\":\"{}\",\"threads\":{},\"family\":[{}],"
      "\"ratios\":[{}]}}",
      json_string(processor_name()), today(), kernels::isa_name(), threads, fmt::join(models, ","),
      fmt::join(ratios, ","));
}

}  // namespace mobileclip::cli
