/// Reading of the golden files in tests/data/models, and the error measure.
#ifndef MOBILECLIP_TESTS_GOLDENS_GOLDEN_H_
#define MOBILECLIP_TESTS_GOLDENS_GOLDEN_H_

#include <cmath>
#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "engine/model.h"

namespace mobileclip::golden {

inline std::string slurp(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) throw std::runtime_error("cannot read " + path);
  std::ostringstream out;
  out << file.rdbuf();
  return out.str();
}

inline nlohmann::json load(std::string_view variant) {
  return nlohmann::json::parse(
      slurp(std::string(MOBILECLIP_TEST_DATA "/models/") + std::string(variant) + ".json"));
}

/// Whether tests/data/models has a list of its tensors and goldens: so for Apple's files, not for
/// the small networks of our own and not for open_clip's (models_open_clip).
inline bool is_published(const ModelConfig& config) {
  return config.dialect == "mobileclip" && !config.name.starts_with("mobileclip_nano");
}

/// The training-form checkpoint with synthetic weights that the build's fixture made.
inline std::string checkpoint_path(std::string_view variant) {
  return std::string(MOBILECLIP_SYNTHETIC_DIR "/") + std::string(variant) + ".pt";
}

/// ‖ours − golden‖₂ / ‖golden‖₂.
template <typename T>
double relative_error(const T* ours, const std::vector<double>& expected) {
  double difference = 0;
  double norm = 0;
  for (size_t i = 0; i < expected.size(); ++i) {
    const double d = static_cast<double>(ours[i]) - expected[i];
    difference += d * d;
    norm += expected[i] * expected[i];
  }
  return std::sqrt(difference / norm);
}

/// Image `noise_K` of the goldens, 3 × S × S.
inline std::vector<float> noise_image(int k, const ModelConfig& config) {
  const auto size = static_cast<size_t>(config.image_size);
  return synthetic_uniform("input.image." + std::to_string(k), 3 * size * size, 0, 1);
}

/// A golden's token row, zero-padded to the context.
inline std::vector<int32_t> token_row(const nlohmann::json& text, const ModelConfig& config) {
  auto row = text.at("tokens").get<std::vector<int32_t>>();
  row.resize(static_cast<size_t>(config.text.context), 0);
  return row;
}

}  // namespace mobileclip::golden

#endif  // MOBILECLIP_TESTS_GOLDENS_GOLDEN_H_
