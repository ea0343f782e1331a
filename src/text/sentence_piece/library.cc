// SentencePiece through its library.
#include <sentencepiece_processor.h>

#include <algorithm>
#include <vector>

#include "base/error.h"
#include "base/mapped_file.h"
#include "text/sentence_piece.h"

namespace mobileclip {
namespace {

constexpr size_t kMaxModel = size_t{64} << 20;

}  // namespace

struct SentencePieceTokenizer::Impl {
  sentencepiece::SentencePieceProcessor processor;
};

SentencePieceTokenizer::SentencePieceTokenizer(const std::string& path, int vocabulary)
    : impl_(std::make_unique<Impl>()) {
  const std::string bytes = read_file(path, kMaxModel);
  if (!impl_->processor.LoadFromSerializedProto(bytes).ok()) {
    fail(ErrorCode::kDamaged, "{} is no SentencePiece model, or a damaged one", quote(path));
  }
  if (impl_->processor.GetPieceSize() != vocabulary) {
    fail(ErrorCode::kWrongModel, "{} is a SentencePiece model of {} pieces; the network takes {}",
         quote(path), impl_->processor.GetPieceSize(), vocabulary);
  }
}

SentencePieceTokenizer::~SentencePieceTokenizer() = default;

Tokens SentencePieceTokenizer::encode(std::string_view text, int context_length) const {
  Tokens out;
  std::vector<int> ids;
  const std::string canonical = canonical_text(text, &out.invalid_utf8);
  if (const auto status = impl_->processor.Encode(canonical, &ids); !status.ok()) {
    fail(ErrorCode::kInternal, "SentencePiece: {}", status.ToString());
  }
  const auto most = static_cast<size_t>(context_length) - 1;
  out.truncated = ids.size() > most;
  ids.resize(std::min(ids.size(), most));
  out.ids.assign(ids.begin(), ids.end());
  out.ids.push_back(kEnd);
  return out;
}

}  // namespace mobileclip
