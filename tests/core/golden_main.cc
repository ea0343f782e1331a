// What lies between a checkpoint and an embedding, without codecs, tokenizer and tests' libraries,
// so that it can be built for any processor: one image and one text of the goldens. core_golden
// CHECKPOINT GOLDEN.json: prints the errors, exits with 1 if one is above the tolerance.
#include <fmt/format.h>

#include <cmath>
#include <cstdio>
#include <fstream>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "checkpoint/checkpoint.h"
#include "engine/synthetic.h"
#include "kernels/isa.h"
#include "layers/foundry.h"
#include "model/clip.h"

namespace mobileclip {
namespace {

constexpr double kTolerance = 2e-6;

/// Prints ‖ours − golden‖ / ‖golden‖ and tells whether it is small enough.
bool check(const char* what, const std::vector<float>& ours, const nlohmann::json& golden) {
  double difference = 0, norm = 0;
  const auto expected = golden.at("embedding").get<std::vector<double>>();
  for (size_t i = 0; i < expected.size(); ++i) {
    difference += std::pow(static_cast<double>(ours.at(i)) - expected[i], 2);
    norm += expected[i] * expected[i];
  }
  const double error = std::sqrt(difference / norm);
  fmt::print("{}: {}: relative error {:.3g}\n", kernels::isa_name(), what, error);
  return error <= kTolerance;
}

int run(const std::string& path, const std::string& golden_path) {
  const nlohmann::json golden = nlohmann::json::parse(std::ifstream(golden_path));
  const ModelConfig* config = find_variant("mobileclip_s0");
  ThreadPool pool(2);
  const Checkpoint checkpoint = Checkpoint::open(path);
  WeightSource source(checkpoint, "");
  const ClipWeights weights = ClipWeights::read(Scope(source), *config);
  source.finish(path);
  Foundry foundry;
  const Clip clip(checkpoint, weights, *config, true, true, pool, foundry);
  Workspace workspace(pool.threads());
  const RunContext context{pool, workspace};
  const ScopedFlushDenormals flush;

  const auto side = static_cast<size_t>(config->image_size), plane = side * side;
  const std::vector<float> chw = synthetic_uniform("input.image.0", 3 * plane, 0, 1);
  std::vector<float> hwc(chw.size());
  for (size_t i = 0; i < chw.size(); ++i) hwc[i % plane * 3 + i / plane] = chw[i];
  std::vector<float> out(static_cast<size_t>(config->embed_dim));
  clip.image()->encode(context, hwc.data(), 1, out.data(), nullptr);
  const bool image = check("noise_0", out, golden.at("images").at("noise_0"));

  const nlohmann::json& cat = golden.at("texts").at("a_photo_of_a_cat");
  auto ids = cat.at("tokens").get<std::vector<int32_t>>();
  ids.resize(static_cast<size_t>(config->text.context), 0);
  clip.text()->encode(context, ids.data(), 1, out.data(), nullptr);
  const bool text = check("a_photo_of_a_cat", out, cat);
  return image && text ? 0 : 1;
}

}  // namespace
}  // namespace mobileclip

int main(int argc, char** argv) {
  if (argc != 3) {
    std::fputs("usage: core_golden CHECKPOINT GOLDEN.json\n", stderr);
    return 2;
  }
  try {
    return mobileclip::run(argv[1], argv[2]);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "core_golden: %s\n", error.what());
    return 1;
  }
}
