/// Text to token ids, as open_clip's SimpleTokenizer ("lower" cleaning).
#ifndef MOBILECLIP_TEXT_TOKENIZER_H_
#define MOBILECLIP_TEXT_TOKENIZER_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace mobileclip {

/// Ids of one text and what was done to it.
struct Tokens {
  std::vector<int32_t> ids;  ///< start, tokens, end; at most the context length; no padding
  bool truncated = false;    ///< the text was longer and was cut; the last id is the end token
  size_t invalid_utf8 = 0;   ///< bad sequences that became U+FFFD
};

/// CLIP's byte-pair tokenizer. Immutable and thread-safe after construction (the word cache inside
/// is guarded or per thread); construction costs a few milliseconds: use shared().
class Tokenizer {
 public:
  static constexpr int32_t kStartOfText = 49406;
  static constexpr int32_t kEndOfText = 49407;
  static constexpr int kVocabularySize = 49408;
  static constexpr int kDefaultContextLength = 77;

  Tokenizer();
  ~Tokenizer();
  Tokenizer(const Tokenizer&) = delete;
  Tokenizer& operator=(const Tokenizer&) = delete;
  /// The one instance of the process, made on first use.
  static const Tokenizer& shared();

  /// Any bytes are accepted; invalid UTF-8 becomes U+FFFD, one per maximal bad subpart.
  /// context_length ≥ 2.
  Tokens encode(std::string_view text, int context_length = kDefaultContextLength) const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

/// The cleaned text that is split into words: repaired, unescaped, whitespace collapsed, lower
/// case.
std::string clean_text(std::string_view text, size_t* invalid_utf8 = nullptr);

}  // namespace mobileclip

#endif  // MOBILECLIP_TEXT_TOKENIZER_H_
