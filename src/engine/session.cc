#include "engine/session.h"

#include <algorithm>
#include <cmath>

#include "base/error.h"
#include "image/preprocess.h"
#include "kernels/elementwise.h"
#include "model/clip.h"

namespace mobileclip {

struct Session::Impl {
  Impl(std::shared_ptr<const Model> shared, ThreadPool& threads)
      : model(std::move(shared)), pool(threads), workspace(threads.threads()) {}

  size_t image_size() const { return static_cast<size_t>(model->config().image_size); }
  size_t context() const { return static_cast<size_t>(model->config().text.context); }
  size_t pixels_per_image() const { return image_size() * image_size() * 3; }

  const ImageEncoder& image() const {
    const ImageEncoder* tower = model->clip().image();
    if (tower == nullptr) fail(ErrorCode::kInvalidArgument, "the image tower was not loaded");
    return *tower;
  }
  const TextEncoder& text() const {
    const TextEncoder* tower = model->clip().text();
    if (tower == nullptr) fail(ErrorCode::kInvalidArgument, "the text tower was not loaded");
    return *tower;
  }

  void run_image(const float* pixels, size_t n, float* out) {
    const ScopedFlushDenormals flush;
    image().encode({pool, workspace}, pixels, n, out, nullptr);
  }

  std::shared_ptr<const Model> model;
  ThreadPool& pool;
  Workspace workspace;
  std::vector<int32_t> ids;
};

Session::Session(std::shared_ptr<const Model> model, ThreadPool& pool)
    : impl_(std::make_unique<Impl>(std::move(model), pool)) {}

Session::~Session() = default;

const Model& Session::model() const { return *impl_->model; }

void Session::encode_pixels_hwc(std::span<const float> pixels, size_t n, float* out) {
  if (pixels.size() != n * impl_->pixels_per_image()) {
    fail(ErrorCode::kInvalidArgument, "{} images of {}x{}x3 are {} values, got {}", n,
         impl_->image_size(), impl_->image_size(), n * impl_->pixels_per_image(), pixels.size());
  }
  if (n > 0) impl_->run_image(pixels.data(), n, out);
}

void Session::encode_pixels_chw(std::span<const float> pixels, size_t n, float* out) {
  const size_t plane = impl_->image_size() * impl_->image_size();
  if (pixels.size() != n * 3 * plane) {
    fail(ErrorCode::kInvalidArgument, "{} images of 3x{}x{} are {} values, got {}", n,
         impl_->image_size(), impl_->image_size(), n * 3 * plane, pixels.size());
  }
  if (n == 0) return;
  float* hwc = impl_->workspace.buffer(Workspace::kInput, n * 3 * plane);
  for (size_t item = 0; item < n; ++item) {
    for (size_t channel = 0; channel < 3; ++channel) {
      const float* from = pixels.data() + (item * 3 + channel) * plane;
      float* to = hwc + item * 3 * plane + channel;
      for (size_t i = 0; i < plane; ++i) to[3 * i] = from[i];
    }
  }
  impl_->run_image(hwc, n, out);
}

void Session::encode_crops(std::span<const RgbImage> crops, float* out) {
  const size_t per_image = impl_->pixels_per_image();
  const PreprocessConfig config = impl_->model->preprocess();
  for (const RgbImage& crop : crops) {
    if (crop.width != impl_->image_size() || crop.height != impl_->image_size()) {
      fail(ErrorCode::kInvalidArgument, "a crop of {}x{} was given, the model takes {}x{}",
           crop.width, crop.height, impl_->image_size(), impl_->image_size());
    }
  }
  if (crops.empty()) return;
  float* pixels = impl_->workspace.buffer(Workspace::kInput, crops.size() * per_image);
  impl_->pool.parallel_for(
      crops.size(), [&](size_t i, int) { to_float_hwc(crops[i], config, pixels + i * per_image); });
  impl_->run_image(pixels, crops.size(), out);
}

void Session::encode_tokens(std::span<const int32_t> ids, size_t n, float* out) {
  if (ids.size() != n * impl_->context()) {
    fail(ErrorCode::kInvalidArgument, "{} rows of {} token ids are {} values, got {}", n,
         impl_->context(), n * impl_->context(), ids.size());
  }
  if (n == 0) return;
  const ScopedFlushDenormals flush;
  impl_->text().encode({impl_->pool, impl_->workspace}, ids.data(), n, out, nullptr);
}

void Session::encode_texts(std::span<const std::string> texts, float* out,
                           std::vector<bool>* truncated) {
  const size_t context = impl_->context();
  impl_->ids.assign(texts.size() * context, impl_->model->tokenizer().pad_id());
  if (truncated != nullptr) truncated->assign(texts.size(), false);
  for (size_t i = 0; i < texts.size(); ++i) {
    const Tokens tokens = impl_->model->tokenizer().encode(texts[i]);
    std::copy(tokens.ids.begin(), tokens.ids.end(),
              impl_->ids.begin() + static_cast<ptrdiff_t>(i * context));
    if (truncated != nullptr) (*truncated)[i] = tokens.truncated;
  }
  encode_tokens(impl_->ids, texts.size(), out);
}

bool row_is_finite(std::span<const float> row) {
  return kernels::all_finite(row.data(), row.size());
}

void normalize_rows(float* rows, size_t n, size_t dim) {
  for (size_t row = 0; row < n; ++row) {
    float* values = rows + row * dim;
    double sum = 0;
    for (size_t i = 0; i < dim; ++i) sum += double{values[i]} * double{values[i]};
    const double norm = std::sqrt(sum);
    if (!std::isfinite(norm) || norm == 0) {
      fail(ErrorCode::kNonFinite, "the embedding has norm {}: it cannot be normalised", norm);
    }
    for (size_t i = 0; i < dim; ++i) values[i] = static_cast<float>(double{values[i]} / norm);
  }
}

std::vector<double> sigmoid_probabilities(std::span<const float> image,
                                          std::span<const float> labels, size_t dim, double scale,
                                          double bias) {
  std::vector<double> out;
  for (size_t row = 0; row + dim <= labels.size(); row += dim) {
    const double logit = scale * cosine(image, labels.subspan(row, dim)) + bias;
    out.push_back(1.0 / (1.0 + std::exp(-logit)));
  }
  return out;
}

std::vector<double> zero_shot_probabilities(std::span<const float> image,
                                            std::span<const float> labels, size_t dim,
                                            double scale) {
  std::vector<double> out(labels.size() / dim);
  for (size_t label = 0; label < out.size(); ++label) {
    out[label] = scale * cosine(image, labels.subspan(label * dim, dim));
  }
  const double peak = out.empty() ? 0 : *std::max_element(out.begin(), out.end());
  double sum = 0;
  for (double& value : out) sum += value = std::exp(value - peak);
  for (double& value : out) value /= sum;
  return out;
}

double cosine(std::span<const float> a, std::span<const float> b) {
  double sum = 0;
  for (size_t i = 0; i < a.size(); ++i) sum += double{a[i]} * double{b[i]};
  return sum;
}

}  // namespace mobileclip
