#include "reinforce/teachers.h"

#include <algorithm>

#include "base/error.h"

namespace mobileclip {
namespace {

constexpr size_t kBatch = 64;

size_t width_of(const Model& model) { return static_cast<size_t>(model.config().embed_dim); }

}  // namespace

Teachers::Teachers(const std::vector<std::string>& models, ThreadPool& pool) : pool_(pool) {
  if (models.empty()) fail(ErrorCode::kInvalidArgument, "at least one teacher is needed");
  for (const std::string& path : models) {
    models_.push_back(Model::load(path, {}, pool));
    sessions_.push_back(std::make_unique<Session>(models_.back(), pool));
    dim_ += width_of(*models_.back());
  }
}

std::vector<size_t> Teachers::dims() const {
  std::vector<size_t> out;
  for (const auto& model : models_) out.push_back(width_of(*model));
  return out;
}

int Teachers::image_size() const {
  int size = 0;
  for (const auto& model : models_) size = std::max(size, model->preprocess().size);
  return size;
}

void Teachers::put(const std::vector<float>& rows, size_t n, size_t width, size_t column,
                   Matrix& out, size_t first_row) const {
  for (size_t i = 0; i < n; ++i) {
    std::copy_n(rows.data() + i * width, width,
                out.values.data() + (first_row + i) * dim_ + column);
  }
}

Matrix Teachers::encode_views(std::span<const RgbImage> images, std::span<const View> views) {
  Matrix out{views.size(), dim_, std::vector<float>(views.size() * dim_)};
  size_t column = 0;
  for (size_t t = 0; t < models_.size(); ++t) {
    const int size = models_[t]->preprocess().size;
    const size_t width = width_of(*models_[t]);
    for (size_t begin = 0; begin < views.size(); begin += kBatch) {
      const size_t n = std::min(kBatch, views.size() - begin);
      std::vector<RgbImage> crops(n);
      pool_.parallel_for(n, [&](size_t i, int) {
        const View& view = views[begin + i];
        crops[i] = replay(images[view.image], *view.augmentation, size);
      });
      std::vector<float> rows(n * width);
      sessions_[t]->encode_crops(crops, rows.data());
      normalize_rows(rows.data(), n, width);
      put(rows, n, width, column, out, begin);
    }
    column += width;
  }
  return out;
}

Matrix Teachers::encode_texts(std::span<const std::string> texts) {
  Matrix out{texts.size(), dim_, std::vector<float>(texts.size() * dim_)};
  size_t column = 0;
  for (size_t t = 0; t < models_.size(); ++t) {
    const size_t width = width_of(*models_[t]);
    for (size_t begin = 0; begin < texts.size(); begin += kBatch) {
      const size_t n = std::min(kBatch, texts.size() - begin);
      std::vector<float> rows(n * width);
      sessions_[t]->encode_texts(texts.subspan(begin, n), rows.data());
      normalize_rows(rows.data(), n, width);
      put(rows, n, width, column, out, begin);
    }
    column += width;
  }
  return out;
}

}  // namespace mobileclip
