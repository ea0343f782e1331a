/// Strings to token ids, as a network reads them.
#ifndef MOBILECLIP_ENGINE_MODEL_TOKENIZER_H_
#define MOBILECLIP_ENGINE_MODEL_TOKENIZER_H_

#include <memory>
#include <string>
#include <string_view>

#include "config/model_config.h"
#include "text/tokenizer.h"

namespace mobileclip {

class SentencePieceTokenizer;

/// CLIP's tokenizer, or the SentencePiece model of a SigLIP. Immutable, thread-safe.
class ModelTokenizer {
 public:
  /// Where the network takes a SentencePiece model, reads `file`; without one spiece.model,
  /// sentencepiece.model or tokenizer.model beside the file of its weights, if one is there.
  /// `file` means nothing to the others. Errors: those of SentencePieceTokenizer.
  ModelTokenizer(const ModelConfig& config, const std::string& weights, const std::string& file);

  /// Throws kNotFound if the network takes a SentencePiece model and none was there.
  void require_file() const;
  /// Ids without padding, at most context_length(). Throws as require_file().
  Tokens encode(std::string_view text) const;
  int context_length() const { return context_length_; }
  /// What fills a row of ids behind those.
  int32_t pad_id() const;

 private:
  std::string name_;
  int context_length_;
  bool takes_sentence_piece_;
  std::shared_ptr<const SentencePieceTokenizer> sentence_piece_;
};

}  // namespace mobileclip

#endif  // MOBILECLIP_ENGINE_MODEL_TOKENIZER_H_
