/// Checkpoints of the small networks of our own, and inputs for them.
#ifndef MOBILECLIP_TESTS_GOLDENS_SMALL_H_
#define MOBILECLIP_TESTS_GOLDENS_SMALL_H_

#include <gtest/gtest.h>

#include <algorithm>
#include <set>
#include <string>
#include <vector>

#include "engine/session.h"
#include "golden.h"

namespace mobileclip::golden {

inline constexpr const char* kSmall[] = {"mobileclip_nano", "mobileclip_nano_teacher"};

/// The synthetic checkpoint of a variant, written on first use.
inline std::string small_checkpoint(const std::string& variant) {
  static std::set<std::string> written;
  const std::string path = testing::TempDir() + "/" + variant + ".pt";
  if (written.insert(variant).second) {
    write_synthetic_checkpoint(require_variant(variant), path);
  }
  return path;
}

/// `n` images, each 3 × S × S.
inline std::vector<float> noise_images(size_t n, const ModelConfig& config) {
  std::vector<float> out;
  for (size_t k = 0; k < n; ++k) {
    const std::vector<float> image = noise_image(static_cast<int>(k), config);
    out.insert(out.end(), image.begin(), image.end());
  }
  return out;
}

/// `n` rows of ids of growing length, the last ones as long as the context.
inline std::vector<int32_t> token_rows(size_t n, const ModelConfig& config) {
  const auto context = static_cast<size_t>(config.text.context);
  std::vector<int32_t> out;
  for (size_t k = 0; k < n; ++k) {
    std::vector<int32_t> row(context, 0);
    const size_t words = std::min(1 + 3 * k, context - 2);
    row[0] = 49406;
    for (size_t i = 1; i <= words; ++i) {
      row[i] = static_cast<int32_t>((i * 7919 + k * 104729) % 49000);
    }
    row[words + 1] = 49407;
    out.insert(out.end(), row.begin(), row.end());
  }
  return out;
}

/// Raw embeddings of `n` images and `n` texts, one call each for all.
struct Rows {
  std::vector<float> images, texts;
  bool operator==(const Rows&) const = default;
};
inline Rows encode(const std::shared_ptr<const Model>& model, size_t n, ThreadPool& pool) {
  const ModelConfig& config = model->config();
  Session session(model, pool);
  Rows rows;
  rows.images.resize(n * static_cast<size_t>(config.embed_dim));
  rows.texts.resize(rows.images.size());
  session.encode_pixels_chw(noise_images(n, config), n, rows.images.data());
  session.encode_tokens(token_rows(n, config), n, rows.texts.data());
  return rows;
}

}  // namespace mobileclip::golden

#endif  // MOBILECLIP_TESTS_GOLDENS_SMALL_H_
