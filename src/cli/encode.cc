#include "cli/encode.h"

#include <fmt/core.h>

#include "cli/output.h"

namespace mobileclip::cli {
namespace {

Result<Embedding> finish(const float* row, size_t dim, bool normalize) {
  Embedding out(row, row + dim);
  if (!row_is_finite(out)) {
    return Error(ErrorCode::kNonFinite, "the embedding is not finite: the weights are extreme");
  }
  if (!normalize) return out;
  return try_result([&] {
    normalize_rows(out.data(), 1, dim);
    return out;
  });
}

size_t embed_dim(const Session& session) {
  return static_cast<size_t>(session.model().config().embed_dim);
}

}  // namespace

std::vector<Result<Embedding>> encode_images(Session& session,
                                             const std::vector<Result<RgbImage>>& crops,
                                             bool normalize) {
  const size_t dim = embed_dim(session);
  std::vector<RgbImage> good;
  for (const Result<RgbImage>& crop : crops) {
    if (crop.ok()) good.push_back(*crop);
  }
  std::vector<float> rows(good.size() * dim);
  session.encode_crops(good, rows.data());
  std::vector<Result<Embedding>> out;
  size_t row = 0;
  for (const Result<RgbImage>& crop : crops) {
    if (crop.ok()) {
      out.push_back(finish(&rows[row++ * dim], dim, normalize));
    } else {
      out.emplace_back(crop.error());
    }
  }
  return out;
}

std::vector<Result<Embedding>> encode_texts(Session& session, const std::vector<std::string>& texts,
                                            bool normalize, bool warn) {
  const size_t dim = embed_dim(session);
  std::vector<float> rows(texts.size() * dim);
  std::vector<bool> truncated;
  session.encode_texts(texts, rows.data(), &truncated);
  std::vector<Result<Embedding>> out;
  for (size_t i = 0; i < texts.size(); ++i) {
    if (truncated[i] && warn) {
      message(fmt::format("warning: cut to {} tokens: {}", session.model().config().text.context,
                          quote(texts[i], 60)));
    }
    out.push_back(finish(&rows[i * dim], dim, normalize));
  }
  return out;
}

}  // namespace mobileclip::cli
