// Any bytes as a text.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "text/tokenizer.h"

using mobileclip::Tokenizer;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  for (const int context : {2, 77, 1 << 20}) {
    const auto tokens = Tokenizer::shared().encode(text, context);
    const bool framed = tokens.ids.size() >= 2 && tokens.ids.front() == Tokenizer::kStartOfText &&
                        tokens.ids.back() == Tokenizer::kEndOfText &&
                        tokens.ids.size() <= static_cast<size_t>(context);
    if (!framed) std::abort();
    for (const int32_t id : tokens.ids) {
      if (id < 0 || id >= Tokenizer::kVocabularySize) std::abort();
    }
  }
  return 0;
}
