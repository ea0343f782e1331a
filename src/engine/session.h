/// Runs a model: workspace and threads. One session per thread.
#ifndef MOBILECLIP_ENGINE_SESSION_H_
#define MOBILECLIP_ENGINE_SESSION_H_

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "base/result.h"
#include "base/thread_pool.h"
#include "engine/model.h"
#include "image/image.h"

namespace mobileclip {

/// Not thread-safe itself: use one session per thread over one shared Model. The workspace grows to
/// the largest batch seen and is reused; a call of a size seen before allocates nothing. Rows are
/// bit-equal whatever the batch, the position in it and the number of threads, on one instruction
/// set.
class Session {
 public:
  Session(std::shared_ptr<const Model> model, ThreadPool& pool);
  ~Session();

  const Model& model() const;

  /// Pixels as preprocessed floats, n × S × S × 3 (channels last) → n × embed_dim, raw (before L2
  /// normalisation). A row may come out non-finite if the weights are extreme: see row_is_finite().
  void encode_pixels_hwc(std::span<const float> pixels, size_t n, float* out);
  /// The same from n × 3 × S × S.
  void encode_pixels_chw(std::span<const float> pixels, size_t n, float* out);
  /// Crops as uint8 S × S × 3, normalised by the model's own mean and std.
  void encode_crops(std::span<const RgbImage> crops, float* out);

  /// Token ids, n × context zero-padded rows → n × embed_dim, raw.
  void encode_tokens(std::span<const int32_t> ids, size_t n, float* out);
  /// Strings through the tokenizer. `truncated` (optional): for each text whether it was cut.
  void encode_texts(std::span<const std::string> texts, float* out,
                    std::vector<bool>* truncated = nullptr);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

/// False if a value of an embedding is NaN or infinite; such a row must not be handed on.
bool row_is_finite(std::span<const float> row);

/// Scales each row to unit L2 norm in place. kNonFinite for a zero or non-finite norm.
void normalize_rows(float* rows, size_t n, size_t dim);

/// Dot product of two unit rows of equal length, summed in double.
double cosine(std::span<const float> a, std::span<const float> b);

/// 1 / (1 + exp(−(scale · cosine + bias))) for each of `labels` unit rows: of networks with a
/// logit_bias. In double.
std::vector<double> sigmoid_probabilities(std::span<const float> image,
                                          std::span<const float> labels, size_t dim, double scale,
                                          double bias);

/// softmax of scale · cosine over `labels` unit rows; `image` is a unit row. In double.
std::vector<double> zero_shot_probabilities(std::span<const float> image,
                                            std::span<const float> labels, size_t dim,
                                            double scale = 100.0);

}  // namespace mobileclip

#endif  // MOBILECLIP_ENGINE_SESSION_H_
