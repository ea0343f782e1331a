// In a build without libsentencepiece.
#include "base/error.h"
#include "text/sentence_piece.h"

namespace mobileclip {

struct SentencePieceTokenizer::Impl {};

SentencePieceTokenizer::SentencePieceTokenizer(const std::string& path, int) {
  fail(ErrorCode::kUnsupported,
       "{} cannot be read: this build has no SentencePiece (MOBILECLIP_SENTENCEPIECE, "
       "libsentencepiece-dev); token ids work without it",
       quote(path));
}

SentencePieceTokenizer::~SentencePieceTokenizer() = default;

Tokens SentencePieceTokenizer::encode(std::string_view, int) const { return {}; }

}  // namespace mobileclip
