/// What the public classes hide.
#ifndef MOBILECLIP_API_IMPL_H_
#define MOBILECLIP_API_IMPL_H_

#include <memory>
#include <mutex>
#include <span>
#include <vector>

#include "api/engine_names.h"
#include "base/result.h"
#include "mobileclip/mobileclip.hpp"

namespace mobileclip {
namespace api {

/// The crop of an image. Errors name the file.
RgbImage load_image(const Image& image, const PreprocessConfig& config);
/// The same with the error as a value, lack of memory among them.
Result<RgbImage> try_load_image(const Image& image, const PreprocessConfig& config);

}  // namespace api

inline namespace v1 {

struct [[gnu::visibility("hidden")]] Preprocess::Impl {
  PreprocessConfig config;
};

/// A tokenizer that is not CLIP's.
struct [[gnu::visibility("hidden")]] Tokenizer::Impl {
  ModelTokenizer tokenizer;
};

/// Weights, threads, and the sessions that are not at work. A call takes one and gives it back.
struct [[gnu::visibility("hidden")]] Model::Impl {
  Impl(const std::string& file_or_name, const Options& options);

  mutable ThreadPool pool;
  size_t batch;
  std::shared_ptr<const api::EngineModel> model;

  mutable std::mutex mutex;
  mutable std::vector<std::unique_ptr<api::EngineSession>> idle;

  size_t dim() const { return static_cast<size_t>(model->config().embed_dim); }
  /// encode(session) with a session that no other call uses meanwhile.
  template <typename Encode>
  void with_session(const Encode& encode) const;
  /// A row for each `per_item` of `values`, a batch at a time, by encode(session, part, count,
  /// out); a row that fails is thrown.
  template <typename T, typename Encode>
  Embeddings encode_all(std::span<const T> values, size_t per_item, bool normalize,
                        const Encode& encode) const;
  /// Rows [first, first + loaded.size()) of `out`, or their errors.
  void encode_loaded(std::vector<Result<RgbImage>> & loaded, size_t first, bool normalize,
                     Embeddings& out) const;
};

}  // namespace v1
}  // namespace mobileclip

#endif  // MOBILECLIP_API_IMPL_H_
