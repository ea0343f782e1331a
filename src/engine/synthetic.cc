#include "engine/synthetic.h"

#include <array>
#include <cmath>
#include <cstdint>
#include <span>
#include <utility>

#include "checkpoint/torch_writer.h"
#include "model/clip.h"

namespace mobileclip {
namespace {

uint64_t fnv1a64(std::string_view bytes) {
  uint64_t hash = 0xcbf29ce484222325u;
  for (const char byte : bytes) {
    hash = (hash ^ static_cast<uint8_t>(byte)) * 0x100000001b3u;
  }
  return hash;
}

uint64_t splitmix64_output(uint64_t state) {
  state = (state ^ (state >> 30)) * 0xBF58476D1CE4E5B9u;
  state = (state ^ (state >> 27)) * 0x94D049BB133111EBu;
  return state ^ (state >> 31);
}

bool contains_any(std::string_view name, std::span<const std::string_view> parts) {
  for (const std::string_view part : parts) {
    if (name.find(part) != std::string_view::npos) return true;
  }
  return false;
}

constexpr std::array<std::string_view, 4> kPositional = {"pos_embed", "positional_embedding",
                                                         "cls_token", "class_embedding"};
constexpr std::array<std::string_view, 2> kTables = {"embedding_layer", "token_embedding"};

/// The range of a weight; the first rule that applies wins.
std::pair<double, double> range_of(std::string_view name, const Shape& shape) {
  const std::string_view leaf = name.substr(name.rfind('.') + 1);  // npos + 1 is 0
  if (leaf == "running_var") return {0.5, 1.5};
  if (leaf == "running_mean" || leaf == "bias" || leaf.ends_with("_bias")) return {-0.1, 0.1};
  if (leaf == "logit_scale") return {4.0, 4.6};
  if (leaf.starts_with("layer_scale") || leaf == "gamma") return {0.02, 0.15};
  if (shape.size() <= 1) return {0.8, 1.2};
  if (contains_any(name, kPositional)) return {-0.5, 0.5};
  if (contains_any(name, kTables)) return {-1.0, 1.0};
  uint64_t fan_in = 1;
  for (size_t i = 1; i < shape.size(); ++i) fan_in *= shape[i];
  const bool stored_in_out =
      leaf == "proj" || leaf == "projection_layer" || leaf == "text_projection";
  if (stored_in_out && shape.size() == 2) fan_in = shape[0];
  const double a = std::pow(3.0 / static_cast<double>(fan_in), 0.5);
  return {-a, a};
}

}  // namespace

std::vector<float> synthetic_uniform(std::string_view name, size_t count, double lo, double hi) {
  constexpr uint64_t kGolden = 0x9E3779B97F4A7C15u;
  std::vector<float> out(count);
  uint64_t state = fnv1a64(name);
  for (float& value : out) {
    state += kGolden;
    const double u = static_cast<double>(splitmix64_output(state) >> 40) * 0x1p-24;
    value = static_cast<float>(lo + (hi - lo) * u);
  }
  return out;
}

std::vector<float> synthetic_weight(std::string_view name, const Shape& shape) {
  uint64_t count = 1;
  for (const uint64_t extent : shape) count *= extent;
  const auto [lo, hi] = range_of(name, shape);
  return synthetic_uniform(name, count, lo, hi);
}

std::vector<TensorDeclaration> synthetic_declarations(const ModelConfig& config) {
  std::vector<TensorDeclaration> out;
  for (const TensorSpec& spec : expected_tensors(config)) {
    out.push_back({spec.name, spec.integer ? DType::kInt64 : DType::kFloat32, spec.shape});
  }
  return out;
}

void write_synthetic_tensors(const ModelConfig& config,
                             const std::function<void(std::span<const std::byte>)>& write) {
  for (const TensorSpec& spec : expected_tensors(config)) {
    if (spec.integer) {
      const int64_t zero = 0;
      write(std::as_bytes(std::span(&zero, 1)));
    } else {
      const std::vector<float> values = synthetic_weight(spec.name, spec.shape);
      write(std::as_bytes(std::span(values)));
    }
  }
}

void write_synthetic_checkpoint(const ModelConfig& config, const std::string& path) {
  TorchWriter writer(path, synthetic_declarations(config));
  write_synthetic_tensors(config, [&](std::span<const std::byte> bytes) { writer.write(bytes); });
  writer.finish();
}

}  // namespace mobileclip
