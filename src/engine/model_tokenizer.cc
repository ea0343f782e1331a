#include "engine/model_tokenizer.h"

#include <filesystem>

#include "base/error.h"
#include "checkpoint/model_folder.h"
#include "text/sentence_piece.h"

namespace mobileclip {
namespace {

/// The tokenizer's file beside the weights; empty if there is none.
std::string file_beside(const std::string& weights) {
  for (const char* name : {"spiece.model", "sentencepiece.model", "tokenizer.model"}) {
    std::string path = sibling_path(weights, name);
    std::error_code none;
    if (std::filesystem::is_regular_file(path, none)) return path;
  }
  return "";
}

}  // namespace

ModelTokenizer::ModelTokenizer(const ModelConfig& config, const std::string& weights,
                               const std::string& file)
    : name_(config.name),
      context_length_(config.text.context),
      takes_sentence_piece_(config.text.sentence_piece) {
  if (!takes_sentence_piece_) return;
  const std::string path = file.empty() && !weights.empty() ? file_beside(weights) : file;
  if (path.empty()) return;
  sentence_piece_ = std::make_shared<SentencePieceTokenizer>(path, config.text.vocabulary);
}

void ModelTokenizer::require_file() const {
  if (!takes_sentence_piece_ || sentence_piece_ != nullptr) return;
  fail(ErrorCode::kNotFound,
       "{} reads strings with a SentencePiece model, and there is none: put its spiece.model "
       "beside the weights or name it (--tokenizer); token ids work without it",
       name_);
}

Tokens ModelTokenizer::encode(std::string_view text) const {
  require_file();
  if (takes_sentence_piece_) return sentence_piece_->encode(text, context_length_);
  return Tokenizer::shared().encode(text, context_length_);
}

int32_t ModelTokenizer::pad_id() const {
  return takes_sentence_piece_ ? SentencePieceTokenizer::kPad : 0;
}

}  // namespace mobileclip
