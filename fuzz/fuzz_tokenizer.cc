// Any bytes as a text: ids in range, framed, cut to the context; a longer context only adds.
#include <algorithm>
#include <string_view>

#include "target.h"
#include "text/tokenizer.h"

using mobileclip::Tokenizer;
using mobileclip::fuzz::require;

constexpr int32_t kFirstDigit = 256 + '0' - '!';  // ids of single characters that end a word

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto all = Tokenizer::shared().encode(text, 1 << 20).ids;
  for (const int context : {2, 77, 1 << 20}) {
    const auto ids = Tokenizer::shared().encode(text, context).ids;
    require(ids.size() >= 2 && ids.size() <= static_cast<size_t>(context), "cut to the context");
    require(ids.front() == Tokenizer::kStartOfText, "begins with the start");
    require(ids.back() == Tokenizer::kEndOfText, "ends with the end");
    require(std::equal(ids.begin(), ids.end() - 1, all.begin()), "a beginning of the whole");
    for (const int32_t id : ids) {
      require(id >= 0 && id < Tokenizer::kVocabularySize, "ids are of the vocabulary");
    }
  }
  bool thrice = false;  // the same digit
  for (size_t i = 2; i < all.size(); ++i) {
    const bool digit = all[i] >= kFirstDigit && all[i] < kFirstDigit + 10;
    thrice = thrice || (digit && all[i] == all[i - 1] && all[i] == all[i - 2]);
  }
  mobileclip::fuzz::probe(thrice);
  return 0;
}
