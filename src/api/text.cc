// Texts to token ids.
#include <algorithm>

#include "api/impl.h"
#include "base/error.h"
#include "engine/find_model.h"

namespace mobileclip {
inline namespace v1 {
namespace {

constexpr int kMaxContext = 65536;

}  // namespace

Tokenizer::Tokenizer(int context_length) : context_length_(context_length) {
  if (context_length < 2 || context_length > kMaxContext) {
    fail(ErrorCode::kInvalidArgument, "the context of a tokenizer is from 2 to {}, not {}",
         kMaxContext, context_length);
  }
}

Tokens Tokenizer::operator()(const std::vector<std::string>& texts) const {
  Tokens out;
  out.context = static_cast<size_t>(context_length_);
  out.ids.resize(texts.size() * out.context);
  out.truncated.resize(texts.size());
  if (impl_) std::ranges::fill(out.ids, impl_->tokenizer.pad_id());
  for (size_t i = 0; i < texts.size(); ++i) {
    const api::EngineTokens tokens =
        impl_ ? impl_->tokenizer.encode(texts[i])
              : api::EngineTokenizer::shared().encode(texts[i], context_length_);
    std::ranges::copy(tokens.ids, out.ids.begin() + static_cast<ptrdiff_t>(i * out.context));
    out.truncated[i] = tokens.truncated;
  }
  return out;
}

Tokenizer get_tokenizer(const std::string& file_or_name, const std::string& sentence_piece) {
  const std::string word = file_or_name.empty() ? default_model() : file_or_name;
  const ModelConfig* config = find_variant(word);
  std::string weights;
  if (config == nullptr) {
    const Checkpoint checkpoint = open_model(word);
    config = recognise(checkpoint).config;
    weights = checkpoint.name();
  } else {
    weights = find_model_file(word).value_or("");
  }
  Tokenizer out(config->text.context);
  if (config->text.sentence_piece) {
    const ModelTokenizer tokenizer(*config, weights, sentence_piece);
    tokenizer.require_file();
    out.impl_ = std::make_shared<const Tokenizer::Impl>(Tokenizer::Impl{tokenizer});
  }
  return out;
}

std::vector<std::string> list_models() {
  std::vector<std::string> out;
  for (const ModelConfig& variant : variants()) out.emplace_back(variant.name);
  return out;
}

}  // namespace v1
}  // namespace mobileclip
