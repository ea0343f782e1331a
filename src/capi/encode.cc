// Embeddings, pixels and token ids into the caller's buffers.
#include <algorithm>

#include "capi/model_handle.h"

using mobileclip::Embeddings;
using mobileclip::Error;
using mobileclip::ErrorCode;
using mobileclip::fail;
using mobileclip::Image;
using mobileclip::Model;
using mobileclip::Pixels;
using mobileclip::Tokens;
namespace capi = mobileclip::capi;

namespace {

Image image_of(const mobileclip_image& image, size_t i) {
  const int given =
      int{image.file != nullptr} + int{image.bytes != nullptr} + int{image.rgb != nullptr};
  if (given != 1) {
    fail(ErrorCode::kInvalidArgument,
         "image {} has {} of file, bytes and rgb set, expected exactly one", i, given);
  }
  if (image.file != nullptr) return Image::open(image.file);
  if (image.bytes != nullptr) return Image::from_bytes(image.bytes, image.size);
  return Image::from_pixels(image.rgb, image.width, image.height, image.stride);
}

std::vector<std::string> texts_of(const char* const* texts, size_t n) {
  capi::require_pointer("the list of texts", texts, n);
  std::vector<std::string> out(n);
  for (size_t i = 0; i < n; ++i) {
    if (texts[i] == nullptr) fail(ErrorCode::kInvalidArgument, "text {} is NULL", i);
    out[i] = texts[i];
  }
  return out;
}

/// Statuses and sentences of a batch of images; returns that of the call.
mobileclip_status report(const mobileclip_model* model, const Embeddings& rows,
                         mobileclip_status* statuses) {
  capi::Failure& failure = capi::failure_of(model);
  if (statuses != nullptr) std::fill_n(statuses, rows.size(), MOBILECLIP_OK);
  size_t failed = 0, last = 0;
  for (size_t i = 0; i < rows.size(); ++i) {
    if (rows.ok(i)) continue;
    ++failed;
    last = i;
    failure.items.resize(rows.size());
    failure.items[i] = rows.errors[i]->message();
    if (statuses != nullptr) statuses[i] = static_cast<mobileclip_status>(rows.errors[i]->code());
  }
  if (failed == 0) return MOBILECLIP_OK;
  const auto status = static_cast<mobileclip_status>(rows.errors[last]->code());
  if (rows.size() == 1) return capi::record(model, status, failure.items[last]);
  return capi::record(model, MOBILECLIP_SOME_FAILED,
                      fmt::format("{} of {} images failed, the last, number {}: {}", failed,
                                  rows.size(), last, failure.items[last]));
}

}  // namespace

mobileclip_status mobileclip_encode_image(const mobileclip_model* model,
                                          const mobileclip_image* images, size_t n, int normalize,
                                          float* out, size_t out_size,
                                          mobileclip_status* statuses) {
  return capi::with_model(model, [&](const Model& loaded) {
    capi::failure_of(model).items.clear();
    capi::require_room(out, out_size, n, static_cast<size_t>(loaded.embed_dim()));
    capi::require_pointer("the list of images", images, n);
    std::vector<Image> given;
    given.reserve(n);
    for (size_t i = 0; i < n; ++i) given.push_back(image_of(images[i], i));
    const Embeddings rows = loaded.encode_image(given, normalize != 0);
    std::copy(rows.values.begin(), rows.values.end(), out);
    return report(model, rows, statuses);
  });
}

mobileclip_status mobileclip_encode_pixels(const mobileclip_model* model, const float* pixels,
                                           size_t n, int normalize, float* out, size_t out_size) {
  return capi::with_model(model, [&](const Model& loaded) {
    capi::require_room(out, out_size, n, static_cast<size_t>(loaded.embed_dim()));
    capi::require_pointer("the pixels", pixels, n);
    const auto side = static_cast<size_t>(loaded.image_size());
    const size_t count = capi::require_count(n, 3 * side * side);
    const Embeddings rows = loaded.encode_image(std::span(pixels, count), normalize != 0);
    std::copy(rows.values.begin(), rows.values.end(), out);
    return MOBILECLIP_OK;
  });
}

mobileclip_status mobileclip_encode_text(const mobileclip_model* model, const char* const* texts,
                                         size_t n, int normalize, float* out, size_t out_size) {
  return capi::with_model(model, [&](const Model& loaded) {
    capi::require_room(out, out_size, n, static_cast<size_t>(loaded.embed_dim()));
    const Embeddings rows = loaded.encode_text(texts_of(texts, n), normalize != 0);
    std::copy(rows.values.begin(), rows.values.end(), out);
    return MOBILECLIP_OK;
  });
}

mobileclip_status mobileclip_encode_tokens(const mobileclip_model* model, const int32_t* ids,
                                           size_t n, int normalize, float* out, size_t out_size) {
  return capi::with_model(model, [&](const Model& loaded) {
    capi::require_room(out, out_size, n, static_cast<size_t>(loaded.embed_dim()));
    capi::require_pointer("the token ids", ids, n);
    const auto context = static_cast<size_t>(loaded.context_length());
    const size_t count = capi::require_count(n, context);
    const Embeddings rows = loaded.encode_text(std::span(ids, count), normalize != 0);
    std::copy(rows.values.begin(), rows.values.end(), out);
    return MOBILECLIP_OK;
  });
}

mobileclip_status mobileclip_preprocess(const mobileclip_model* model,
                                        const mobileclip_image* image, float* out,
                                        size_t out_size) {
  return capi::with_model(model, [&](const Model& loaded) {
    const auto side = static_cast<size_t>(loaded.image_size());
    capi::require_room(out, out_size, 1, 3 * side * side);
    capi::require_pointer("the image", image, 1);
    const Pixels pixels = loaded.preprocess()(image_of(*image, 0));
    std::copy(pixels.values.begin(), pixels.values.end(), out);
    return MOBILECLIP_OK;
  });
}

mobileclip_status mobileclip_tokenize(const mobileclip_model* model, const char* const* texts,
                                      size_t n, int32_t* ids, size_t ids_size, uint8_t* truncated) {
  return capi::with_model(model, [&](const Model& loaded) {
    capi::require_room(ids, ids_size, n, static_cast<size_t>(loaded.context_length()));
    const Tokens tokens = loaded.tokenizer()(texts_of(texts, n));
    std::copy(tokens.ids.begin(), tokens.ids.end(), ids);
    for (size_t i = 0; truncated != nullptr && i < n; ++i) truncated[i] = tokens.truncated[i];
    return MOBILECLIP_OK;
  });
}

mobileclip_status mobileclip_probabilities(const mobileclip_model* model, const float* image_rows,
                                           size_t n, const float* label_rows, size_t labels,
                                           double* out, size_t out_size) {
  return capi::with_model(model, [&](const Model& loaded) {
    const auto dim = static_cast<size_t>(loaded.embed_dim());
    capi::require_room(out, out_size, n, labels);
    capi::require_pointer("the rows of images", image_rows, n);
    capi::require_pointer("the rows of labels", label_rows, labels);
    const std::span images(image_rows, capi::require_count(n, dim));
    const std::span rows(label_rows, capi::require_count(labels, dim));
    const Embeddings given{dim, {rows.begin(), rows.end()}, {}};
    for (size_t i = 0; i < n; ++i) {
      const std::vector<double> own = loaded.probabilities(images.subspan(i * dim, dim), given);
      std::copy(own.begin(), own.end(), out + i * labels);
    }
    return MOBILECLIP_OK;
  });
}

mobileclip_status mobileclip_normalize(float* rows, size_t n, size_t dim) {
  return capi::guarded(nullptr, [&] {
    const size_t count = capi::require_room(rows, SIZE_MAX, n, dim);
    if (n > 0 && dim == 0) fail(ErrorCode::kInvalidArgument, "rows of 0 values have no norm");
    Embeddings copy{dim, {rows, rows + count}, {}};
    mobileclip::normalize(copy);
    std::copy(copy.values.begin(), copy.values.end(), rows);
    for (size_t i = 0; i < n; ++i) {
      if (!copy.ok(i)) throw Error(*copy.errors[i]);
    }
    return MOBILECLIP_OK;
  });
}
