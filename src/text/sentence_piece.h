/// Text to token ids with a SentencePiece model of the user's, as open_clip does for SigLIP.
#ifndef MOBILECLIP_TEXT_SENTENCE_PIECE_H_
#define MOBILECLIP_TEXT_SENTENCE_PIECE_H_

#include <memory>
#include <string>
#include <string_view>

#include "text/tokenizer.h"

namespace mobileclip {

/// Cleaned as for CLIP, then `_` a space, other ASCII punctuation removed, white space joined.
std::string canonical_text(std::string_view text, size_t* invalid_utf8 = nullptr);

/// Immutable, thread-safe.
class SentencePieceTokenizer {
 public:
  static constexpr int32_t kEnd = 1;  ///< </s>
  static constexpr int32_t kPad = 1;  ///< what fills the context behind it

  /// Reads a model file. `vocabulary` is how many pieces it must have. Errors: kNotFound, kIo;
  /// kDamaged for what is no SentencePiece model; kWrongModel for another vocabulary; kUnsupported
  /// in a build without the library.
  SentencePieceTokenizer(const std::string& path, int vocabulary);
  ~SentencePieceTokenizer();
  SentencePieceTokenizer(const SentencePieceTokenizer&) = delete;
  SentencePieceTokenizer& operator=(const SentencePieceTokenizer&) = delete;

  /// At most context_length − 1 ids of the canonical text, then kEnd; no padding.
  /// context_length ≥ 2.
  Tokens encode(std::string_view text, int context_length) const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace mobileclip

#endif  // MOBILECLIP_TEXT_SENTENCE_PIECE_H_
