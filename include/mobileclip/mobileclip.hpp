/// MobileCLIP: image and text embeddings on a CPU. The C++ API, in open_clip's words.
///
///   auto [model, preprocess] = mobileclip::create_model_and_transforms("mobileclip_nano");
///   auto tokenizer = mobileclip::get_tokenizer("mobileclip_nano");
///   auto image = model.encode_image(preprocess("cat.jpg"), true);
///   auto texts = model.encode_text(tokenizer({"a dog", "a cat"}), true);
///   auto probabilities = mobileclip::zero_shot_probabilities(image[0], texts,
///   model.logit_scale());
///
/// Every function may throw Error (mobileclip/error.hpp), and std::bad_alloc. Nothing prints or
/// ends the process. The same image or text gives the same bits alone, anywhere in a batch, on any
/// number of threads.
#ifndef MOBILECLIP_MOBILECLIP_HPP_
#define MOBILECLIP_MOBILECLIP_HPP_

#if __cplusplus < 202002L
#error "mobileclip.hpp needs C++20: compile with -std=c++20; mobileclip.h is the C ABI"
#endif

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <variant>
#include <vector>

#include "mobileclip/error.hpp"
#include "mobileclip/export.h"
#include "mobileclip/version.h"

namespace mobileclip {
inline namespace v1 {

/// Anything that reads as one text: a literal, std::string, std::string_view.
template <typename T>
concept TextLike = std::is_convertible_v<const T&, std::string_view>;

/// What encode_image and encode_text give: size() rows of `dim` float32 values.
struct Embeddings {
  size_t dim = 0;
  std::vector<float> values;  ///< size() × dim, row-major; a row that failed holds NaN
  /// Empty if nothing failed; else one for each row, set where the item failed.
  std::vector<std::optional<Error>> errors;

  size_t size() const { return dim == 0 ? 0 : values.size() / dim; }
  bool ok(size_t row) const { return errors.empty() || !errors[row]; }
  /// One row of `dim` values; throws the row's Error if it failed.
  std::span<const float> operator[](size_t row) const {
    if (!ok(row)) throw Error(*errors[row]);
    return std::span<const float>(values).subspan(row * dim, dim);
  }
};

/// Token ids: size() rows of `context` int32 values, start and end token included, zero-padded; of
/// SigLIP's tokenizer: the end token included and as padding.
struct Tokens {
  size_t context = 0;
  std::vector<int32_t> ids;     ///< size() × context, row-major
  std::vector<bool> truncated;  ///< for each text: it was longer than the context and was cut

  size_t size() const { return context == 0 ? 0 : ids.size() / context; }
};

/// Preprocessed images: size() × 3 × image_size × image_size float32 values.
struct Pixels {
  size_t image_size = 0;
  std::vector<float> values;

  size_t size() const {
    return image_size == 0 ? 0 : values.size() / (3 * image_size * image_size);
  }
};

/// An image, wherever it is: nothing is read or copied before it is used. What it points to must
/// live until then. JPEG, PNG, WebP, GIF, TIFF, BMP and PNM are known by their first bytes; the
/// first frame counts; an EXIF orientation is applied.
class Image {
 public:
  /// 8-bit RGB; rows of 3 × width bytes, `stride` bytes apart.
  struct Rgb {
    const uint8_t* data = nullptr;
    size_t width = 0, height = 0, stride = 0;
  };

  /// A file by its name, so that encode_image("cat.jpg") reads as it should.
  template <TextLike Path>
  Image(const Path& path)  // NOLINT(google-explicit-constructor)
      : source_(std::string(std::string_view(path))) {}

  static Image open(std::string path) { return Image(Source(std::move(path))); }
  /// An encoded image in memory: the bytes of a JPEG, PNG, ….
  static Image from_bytes(std::span<const std::byte> bytes) { return Image(Source(bytes)); }
  static Image from_bytes(const void* data, size_t size) {
    return from_bytes({static_cast<const std::byte*>(data), size});
  }
  /// Decoded pixels; a stride of 0 stands for 3 × width.
  static Image from_pixels(const uint8_t* rgb, size_t width, size_t height, size_t stride = 0) {
    return Image(Source(Rgb{rgb, width, height, stride == 0 ? 3 * width : stride}));
  }

  using Source = std::variant<std::string, std::span<const std::byte>, Rgb>;
  const Source& source() const { return source_; }

 private:
  explicit Image(Source source) : source_(std::move(source)) {}
  Source source_;
};

/// From an image to the pixels a model takes: short edge resized to image_size, centre cropped,
/// normalised; bit-equal to Pillow and torchvision. Immutable, thread-safe, cheap to copy.
class MOBILECLIP_API Preprocess {
 public:
  /// 1 × 3 × S × S. Errors: kNotFound, kIo, kDecode, kUnsupported, kTooLarge (178,956,970 pixels, a
  /// file of 1 GiB), kInvalidArgument (no pixels).
  Pixels operator()(const Image& image) const;
  /// n × 3 × S × S; the first image that fails is thrown.
  Pixels operator()(const std::vector<Image>& images) const;

  int image_size() const;
  std::array<float, 3> mean() const;
  std::array<float, 3> std() const;

 private:
  friend class Model;
  struct Impl;
  explicit Preprocess(std::shared_ptr<const Impl> impl);
  std::shared_ptr<const Impl> impl_;
};

/// CLIP's byte-pair tokenizer with its text repair; from a model or get_tokenizer(), the one that
/// the network reads with. Any bytes are accepted; bad UTF-8 becomes U+FFFD. Immutable,
/// thread-safe, cheap to copy.
class MOBILECLIP_API Tokenizer {
 public:
  /// kInvalidArgument unless 2 ≤ context_length ≤ 65536.
  explicit Tokenizer(int context_length = 77);

  Tokens operator()(const std::vector<std::string>& texts) const;
  template <TextLike Text>
  Tokens operator()(const Text& text) const {
    return (*this)(std::vector<std::string>{std::string(std::string_view(text))});
  }
  int context_length() const { return context_length_; }
  /// Whether it is CLIP's, which needs no file; else a SentencePiece model's.
  bool is_clip() const { return impl_ == nullptr; }

 private:
  friend class Model;
  friend MOBILECLIP_API Tokenizer get_tokenizer(const std::string& file_or_name,
                                                const std::string& sentence_piece);
  struct Impl;
  int context_length_;
  std::shared_ptr<const Impl> impl_;  // null: CLIP's
};

struct Options {
  /// Threads of the model: 0 for the cores this process may use, at most 256. Callers share them
  /// and take turns. With 1, every calling thread computes by itself, side by side with the others:
  /// what a server with threads of its own wants.
  int threads = 0;
  /// Items that go through the network at a time, 1 to 1024: bounds the memory.
  int batch = 8;
  /// Variant, where a file cannot tell (mobileclip_b or mobileclip_blt); empty: recognised.
  std::string arch = {};
  /// SentencePiece model of networks that read strings with one (SigLIP); empty: spiece.model,
  /// sentencepiece.model or tokenizer.model beside the weights.
  std::string tokenizer = {};
  /// Of the arithmetic: f32; or bf16, factors rounded to bfloat16 and sums in float32, where the
  /// instruction set is amx, else kUnsupported. Empty: f32. Another word is kInvalidArgument.
  std::string precision = {};
};

/// A model: weights, loaded once and never changed. Thread-safe: any number of threads may call any
/// member of one Model, or of copies, at the same time; each gets the bits it would get alone.
/// Copies are cheap and share the weights. Memory grows with the callers at work at a time. A child
/// of fork() has none of the model's threads: its calls are kInvalidArgument there, unless the
/// model has one thread and nobody was in a call at the time of the fork.
class MOBILECLIP_API Model {
 public:
  /// The name of the variant: "mobileclip_s0".
  std::string name() const;
  int embed_dim() const;
  int image_size() const;
  int context_length() const;
  /// What multiplies cosines before a softmax: min(exp(logit_scale), 100) of the checkpoint; before
  /// a sigmoid (see logit_bias) exp(logit_scale).
  float logit_scale() const;
  /// What is added after that where labels are judged one by one, each by a sigmoid (SigLIP); empty
  /// for all other networks.
  std::optional<float> logit_bias() const;
  /// What loading found worth a message, one sentence each; mostly none.
  std::vector<std::string> warnings() const;
  /// For each label what the network was trained to say of it, from normalised rows: by
  /// sigmoid_probabilities where there is a logit_bias, else by zero_shot_probabilities, with the
  /// model's scale. Errors: theirs.
  std::vector<double> probabilities(std::span<const float> image, const Embeddings& labels) const;
  Preprocess preprocess() const;
  Tokenizer tokenizer() const;

  /// 1 × embed_dim. Errors: those of Preprocess; kNonFinite if the weights are so extreme that an
  /// embedding is not finite, or its norm is 0 where it is to be normalised.
  Embeddings encode_image(const Image& image, bool normalize = false) const;
  /// n × embed_dim. An image that fails does not fail its neighbours: see Embeddings::errors.
  /// Decodes on all threads; the memory does not grow with n but for the result.
  Embeddings encode_image(const std::vector<Image>& images, bool normalize = false) const;
  /// n × 3 × S × S preprocessed values → n × embed_dim. kInvalidArgument for another size.
  Embeddings encode_image(std::span<const float> pixels, bool normalize = false) const;
  Embeddings encode_image(const Pixels& pixels, bool normalize = false) const {
    return encode_image(std::span<const float>(pixels.values), normalize);
  }

  /// n texts → n × embed_dim. Longer ones are cut to the context: ask the tokenizer which.
  /// kNotFound if the network takes a SentencePiece model and none was given.
  Embeddings encode_text(const std::vector<std::string>& texts, bool normalize = false) const;
  template <TextLike Text>
  Embeddings encode_text(const Text& text, bool normalize = false) const {
    return encode_text(std::vector<std::string>{std::string(std::string_view(text))}, normalize);
  }
  /// n × context_length token ids → n × embed_dim. kInvalidArgument for another size or an id
  /// outside the vocabulary.
  Embeddings encode_text(std::span<const int32_t> ids, bool normalize = false) const;
  Embeddings encode_text(const Tokens& tokens, bool normalize = false) const {
    return encode_text(std::span<const int32_t>(tokens.ids), normalize);
  }

 private:
  friend MOBILECLIP_API Model create_model(const std::string& file_or_name, const Options& options);
  struct Impl;
  explicit Model(std::shared_ptr<const Impl> impl);
  std::shared_ptr<const Impl> impl_;
};

/// Loads a checkpoint (PyTorch .pt or safetensors). The word is a file; or a NAME, which stands for
/// NAME.safetensors or NAME.pt in $MOBILECLIP_HOME (else ~/.cache/mobileclip), or for the embedded
/// model, "mobileclip_nano"; or empty, for $MOBILECLIP_MODEL and else the embedded model. The first
/// call takes the instruction set that $MOBILECLIP_ISA names, for the process; unset, it is the
/// machine's best. Errors: kNotFound, kIo, kNotCheckpoint, kUnsupported, kWrongModel, kDamaged,
/// kHostile, kInvalidArgument for an option or that name.
MOBILECLIP_API Model create_model(const std::string& file_or_name = "",
                                  const Options& options = {});

struct ModelAndTransforms {
  Model model;
  Preprocess preprocess;
};
/// create_model and its preprocess: auto [model, preprocess] = create_model_and_transforms(…).
MOBILECLIP_API ModelAndTransforms create_model_and_transforms(const std::string& file_or_name = "",
                                                              const Options& options = {});

/// The tokenizer of a variant ("mobileclip_s0") or of a model as create_model takes it; reads no
/// weights. Networks that read strings with a SentencePiece model (SigLIP) take the file
/// `sentence_piece`, or, if that is empty, the one beside the weights; kNotFound without either.
/// Other errors: as above.
MOBILECLIP_API Tokenizer get_tokenizer(const std::string& file_or_name = "",
                                       const std::string& sentence_piece = "");

/// The names of all variants.
MOBILECLIP_API std::vector<std::string> list_models();

/// Scales each row to unit L2 norm in place. A row of zero or non-finite norm becomes an item's
/// error (kNonFinite); rows that failed before stay as they are.
MOBILECLIP_API void normalize(Embeddings& embeddings);

/// Dot product of two rows, summed in double: the cosine of normalised ones. kInvalidArgument if
/// the lengths differ.
MOBILECLIP_API double dot(std::span<const float> a, std::span<const float> b);

/// sigmoid(scale · image · labelᵀ + bias) for each label, as a network with a logit_bias was
/// trained: they do not add up to 1. Errors as for zero_shot_probabilities.
MOBILECLIP_API std::vector<double> sigmoid_probabilities(std::span<const float> image,
                                                         const Embeddings& labels, double scale,
                                                         double bias);

/// softmax(scale · image · labelsᵀ): one probability for each label. Rows are normalised ones.
/// kInvalidArgument if the widths differ; the Error of a label that failed.
MOBILECLIP_API std::vector<double> zero_shot_probabilities(std::span<const float> image,
                                                           const Embeddings& labels,
                                                           double scale = 100);

}  // namespace v1
}  // namespace mobileclip

#endif  // MOBILECLIP_MOBILECLIP_HPP_
