// The public Model over the engine's model and sessions.
#include <algorithm>
#include <cmath>
#include <limits>

#include "api/impl.h"
#include "base/error.h"
#include "engine/find_model.h"
#include "kernels/isa.h"
#include "kernels/precision.h"

namespace mobileclip {
inline namespace v1 {
namespace {

constexpr int kMaxThreads = 256;
constexpr int kMaxBatch = 1024;

int checked(std::string_view what, int value, int low, int high) {
  if (value < low || value > high) {
    fail(ErrorCode::kInvalidArgument, "{} is a whole number from {} to {}, not {}", what, low, high,
         value);
  }
  return value;
}

Embeddings make(size_t n, size_t dim) {
  Embeddings out;
  out.dim = dim;
  out.values.resize(n * dim);
  return out;
}

void set_error(Embeddings& out, size_t row, Error error) {
  if (out.errors.empty()) out.errors.resize(out.size());
  out.errors[row] = std::move(error);
  std::fill_n(out.values.begin() + static_cast<ptrdiff_t>(row * out.dim), out.dim,
              std::numeric_limits<float>::quiet_NaN());
}

/// Normalises one row, or makes it an error.
void finish_row(Embeddings& out, size_t row, bool normalize) {
  float* values = out.values.data() + row * out.dim;
  if (!row_is_finite({values, out.dim})) {
    set_error(out, row,
              Error(ErrorCode::kNonFinite,
                    "the embedding is not finite: the weights or the input are extreme"));
  } else if (normalize) {
    try {
      normalize_rows(values, 1, out.dim);
    } catch (const Error& error) {
      set_error(out, row, error);
    }
  }
}

/// The instruction set of $MOBILECLIP_ISA, before the first model; a bad name is thrown each time.
void choose_isa() {
  static const bool chosen = (kernels::force_isa_of_environment(), true);
  static_cast<void>(chosen);
}

/// For results of one item, and of inputs that do not fail one by one: a failed row is thrown.
Embeddings require_all(Embeddings out) {
  for (size_t row = 0; row < out.size(); ++row) out[row];
  return out;
}

}  // namespace

Model::Impl::Impl(const std::string& file_or_name, const Options& options)
    : pool(options.threads == 0
               ? std::min(available_cores(), kMaxThreads)
               : checked("the number of threads", options.threads, 0, kMaxThreads)),
      batch(static_cast<size_t>(checked("the batch", options.batch, 1, kMaxBatch))) {
  choose_isa();
  const std::string word = file_or_name.empty() ? default_model() : file_or_name;
  if (word.empty()) {
    fail(ErrorCode::kInvalidArgument,
         "no model: give a file or a name, or set $MOBILECLIP_MODEL; this build has none embedded");
  }
  LoadOptions load;
  load.tokenizer = options.tokenizer;
  if (!options.precision.empty()) {
    const auto known = kernels::find_precision(options.precision);
    if (!known) {
      fail(ErrorCode::kInvalidArgument, "the precision is f32 or bf16, not {}",
           quote(options.precision));
    }
    load.precision = *known;
  }
  if (!options.arch.empty()) load.arch = require_variant(options.arch).name;
  model = api::EngineModel::load(open_model(word), load, pool);
}

template <typename Encode>
void Model::Impl::with_session(const Encode& encode) const {
  pool.require_threads();  // before the lock: in a forked child it may be held for ever
  std::unique_ptr<api::EngineSession> session;
  {
    const std::lock_guard lock(mutex);
    if (!idle.empty()) {
      session = std::move(idle.back());
      idle.pop_back();
    }
  }
  if (!session) session = std::make_unique<api::EngineSession>(model, pool);
  encode(*session);
  const std::lock_guard lock(mutex);
  idle.push_back(std::move(session));
}

template <typename T, typename Encode>
Embeddings Model::Impl::encode_all(std::span<const T> values, size_t per_item, bool normalize,
                                   const Encode& encode) const {
  const size_t n = values.size() / per_item;
  Embeddings out = make(n, dim());
  for (size_t first = 0; first < n; first += batch) {
    const size_t count = std::min(batch, n - first);
    const std::span<const T> part = values.subspan(first * per_item, count * per_item);
    with_session(
        [&](auto& session) { encode(session, part, count, &out.values[first * out.dim]); });
  }
  for (size_t row = 0; row < n; ++row) finish_row(out, row, normalize);
  return require_all(std::move(out));
}

void Model::Impl::encode_loaded(std::vector<Result<RgbImage>>& loaded, size_t first, bool normalize,
                                Embeddings& out) const {
  std::vector<RgbImage> crops;
  for (Result<RgbImage>& image : loaded) {
    if (image.ok()) crops.push_back(std::move(*image));
  }
  std::vector<float> rows(crops.size() * out.dim);
  with_session([&](auto& session) { session.encode_crops(crops, rows.data()); });
  auto row = rows.begin();
  for (size_t i = 0; i < loaded.size(); ++i) {
    if (!loaded[i].ok()) {
      set_error(out, first + i, loaded[i].error());
      continue;
    }
    std::copy_n(row, out.dim, out.values.begin() + static_cast<ptrdiff_t>((first + i) * out.dim));
    row += static_cast<ptrdiff_t>(out.dim);
    finish_row(out, first + i, normalize);
  }
}

Model::Model(std::shared_ptr<const Impl> impl) : impl_(std::move(impl)) {}

std::string Model::name() const { return std::string(impl_->model->config().name); }
int Model::embed_dim() const { return impl_->model->config().embed_dim; }
int Model::image_size() const { return impl_->model->config().image_size; }
int Model::context_length() const { return impl_->model->config().text.context; }
float Model::logit_scale() const { return impl_->model->logit_scale(); }
std::optional<float> Model::logit_bias() const {
  if (!impl_->model->config().logit_bias) return std::nullopt;
  return impl_->model->logit_bias();
}
std::vector<double> Model::probabilities(std::span<const float> image,
                                         const Embeddings& labels) const {
  if (const std::optional<float> bias = logit_bias()) {
    return v1::sigmoid_probabilities(image, labels, logit_scale(), *bias);
  }
  return v1::zero_shot_probabilities(image, labels, logit_scale());
}
std::vector<std::string> Model::warnings() const { return impl_->model->warnings(); }

Preprocess Model::preprocess() const {
  return Preprocess(
      std::make_shared<const Preprocess::Impl>(Preprocess::Impl{impl_->model->preprocess()}));
}

Tokenizer Model::tokenizer() const {
  Tokenizer out(context_length());
  if (impl_->model->config().text.sentence_piece) {
    out.impl_ = std::make_shared<const Tokenizer::Impl>(Tokenizer::Impl{impl_->model->tokenizer()});
  }
  return out;
}

Embeddings Model::encode_image(const Image& image, bool normalize) const {
  return require_all(encode_image(std::vector<Image>{image}, normalize));
}

Embeddings Model::encode_image(const std::vector<Image>& images, bool normalize) const {
  const PreprocessConfig config = impl_->model->preprocess();
  Embeddings out = make(images.size(), impl_->dim());
  // Whole batches ahead, enough to keep every thread decoding.
  const size_t batch = impl_->batch;
  const auto threads = static_cast<size_t>(impl_->pool.threads());
  const size_t chunk = (2 * threads + batch - 1) / batch * batch;
  for (size_t begin = 0; begin < images.size(); begin += chunk) {
    const size_t end = std::min(begin + chunk, images.size());
    std::vector<Result<RgbImage>> loaded(end - begin, Result<RgbImage>(RgbImage{}));
    impl_->pool.parallel_for(end - begin, [&](size_t i, int) {
      loaded[i] = api::try_load_image(images[begin + i], config);
    });
    for (size_t first = begin; first < end; first += batch) {
      const auto from =
          std::make_move_iterator(loaded.begin() + static_cast<ptrdiff_t>(first - begin));
      const size_t n = std::min(batch, end - first);
      std::vector<Result<RgbImage>> part(from, from + static_cast<ptrdiff_t>(n));
      impl_->encode_loaded(part, first, normalize, out);
    }
  }
  return out;
}

Embeddings Model::encode_image(std::span<const float> pixels, bool normalize) const {
  const auto side = static_cast<size_t>(image_size());
  const size_t per_image = 3 * side * side;
  if (pixels.size() % per_image != 0) {
    fail(ErrorCode::kInvalidArgument,
         "{} values are no whole number of images: {} takes 3x{}x{} = {} values each",
         pixels.size(), name(), side, side, per_image);
  }
  return impl_->encode_all(pixels, per_image, normalize,
                           [](auto& session, auto part, size_t count, float* out) {
                             session.encode_pixels_chw(part, count, out);
                           });
}

Embeddings Model::encode_text(const std::vector<std::string>& texts, bool normalize) const {
  return encode_text(tokenizer()(texts), normalize);
}

Embeddings Model::encode_text(std::span<const int32_t> ids, bool normalize) const {
  const auto context = static_cast<size_t>(context_length());
  if (ids.size() % context != 0) {
    fail(ErrorCode::kInvalidArgument,
         "{} token ids are no whole number of texts: {} takes {} ids each", ids.size(), name(),
         context);
  }
  return impl_->encode_all(ids, context, normalize,
                           [](auto& session, auto part, size_t count, float* out) {
                             session.encode_tokens(part, count, out);
                           });
}

Model create_model(const std::string& file_or_name, const Options& options) {
  return Model(std::make_shared<const Model::Impl>(file_or_name, options));
}

ModelAndTransforms create_model_and_transforms(const std::string& file_or_name,
                                               const Options& options) {
  Model model = create_model(file_or_name, options);
  Preprocess preprocess = model.preprocess();
  return {std::move(model), std::move(preprocess)};
}

void normalize(Embeddings& embeddings) {
  for (size_t row = 0; row < embeddings.size(); ++row) {
    if (embeddings.ok(row)) finish_row(embeddings, row, true);
  }
}

double dot(std::span<const float> a, std::span<const float> b) {
  if (a.size() != b.size()) {
    fail(ErrorCode::kInvalidArgument, "rows of {} and of {} values have no dot product", a.size(),
         b.size());
  }
  return cosine(a, b);
}

std::vector<double> sigmoid_probabilities(std::span<const float> image, const Embeddings& labels,
                                          double scale, double bias) {
  for (size_t row = 0; row < labels.size(); ++row) dot(image, labels[row]);
  return mobileclip::sigmoid_probabilities(image, std::span<const float>(labels.values), labels.dim,
                                           scale, bias);
}

std::vector<double> zero_shot_probabilities(std::span<const float> image, const Embeddings& labels,
                                            double scale) {
  for (size_t row = 0; row < labels.size(); ++row) dot(image, labels[row]);
  return mobileclip::zero_shot_probabilities(image, std::span<const float>(labels.values),
                                             labels.dim, scale);
}

}  // namespace v1
}  // namespace mobileclip
