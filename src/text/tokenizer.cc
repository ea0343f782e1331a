#include "text/tokenizer.h"

#include <algorithm>
#include <unordered_map>

#include "base/error.h"
#include "text/bpe.h"
#include "text/clean.h"
#include "text/split_words.h"
#include "text/unicode.h"

namespace mobileclip {
namespace {

constexpr size_t kCacheWords = 1 << 15;
constexpr size_t kCachedLength = 32;

/// Ids of words seen before; one per thread, so that no lock is needed. Only ever a shortcut.
class WordCache {
 public:
  const std::vector<int32_t>* find(const std::string& word) const {
    const auto found = ids_.find(word);
    return found == ids_.end() ? nullptr : &found->second;
  }
  void add(const std::string& word, const int32_t* begin, const int32_t* end) {
    if (word.size() > kCachedLength) return;
    if (ids_.size() >= kCacheWords) ids_.clear();
    ids_.emplace(word, std::vector<int32_t>(begin, end));
  }

 private:
  std::unordered_map<std::string, std::vector<int32_t>> ids_;
};

thread_local WordCache cache;

/// Text that the cleaning would only put in lower case and whose spaces it would collapse:
/// printable ASCII and ordinary white space without '&'.
bool is_simple(std::string_view text) {
  return std::ranges::all_of(text, [](char c) {
    const bool space = c == '\t' || c == '\n' || c == '\f' || c == '\r';
    return space || (c >= 0x20 && c < 0x7F && c != '&');
  });
}

bool is_ascii_letter(char c) { return c >= 'a' && c <= 'z'; }

/// The next piece of simple text in lower case: the same rule as take_word, for ASCII alone.
/// Returns its length.
size_t simple_word(std::string_view text) {
  size_t i = 0;
  if (is_ascii_letter(text[0])) {
    while (i < text.size() && is_ascii_letter(text[i])) ++i;
    return i;
  }
  if (text[0] >= '0' && text[0] <= '9') return 1;
  if (text[0] == '<' || text[0] == '\'') {
    const size_t most = std::min(text.size(), kLongestFixedPiece);
    const std::u32string head(text.begin(), text.begin() + static_cast<ptrdiff_t>(most));
    if (const size_t fixed = fixed_piece_length(head)) return fixed;
  }
  const auto other = [](char c) {
    return c != ' ' && !is_ascii_letter(c) && !(c >= '0' && c <= '9');
  };
  while (i < text.size() && other(text[i])) ++i;
  return i;
}

}  // namespace

struct Tokenizer::Impl {
  Bpe bpe;

  /// Appends a word's ids.
  void add(const std::string& word, std::vector<int32_t>& ids) const {
    if (word == "<start_of_text>") {
      ids.push_back(kStartOfText);
      return;
    }
    if (word == "<end_of_text>") {
      ids.push_back(kEndOfText);
      return;
    }
    if (const std::vector<int32_t>* known = cache.find(word)) {
      ids.insert(ids.end(), known->begin(), known->end());
      return;
    }
    const size_t before = ids.size();
    bpe.encode(word, ids);
    cache.add(word, ids.data() + before, ids.data() + ids.size());
  }

  void encode_simple(std::string_view text, size_t limit, std::vector<int32_t>& ids) const {
    std::string lower(text);
    for (char& c : lower) {
      if (c >= 'A' && c <= 'Z') c = static_cast<char>(c | 0x20);
      if (c == '\t' || c == '\n' || c == '\f' || c == '\r') c = ' ';
    }
    std::string_view rest(lower);
    std::string word;
    while (ids.size() <= limit) {
      const size_t start = rest.find_first_not_of(' ');
      if (start == std::string_view::npos) return;
      rest.remove_prefix(start);
      word = rest.substr(0, simple_word(rest));
      rest.remove_prefix(word.size());
      add(word, ids);
    }
  }

  void encode_any(std::string_view text, size_t limit, Tokens& out) const {
    const std::u32string cleaned = clean(to_code_points(text, &out.invalid_utf8));
    std::u32string_view rest(cleaned);
    while (out.ids.size() <= limit) {
      const std::u32string_view word = take_word(rest);
      if (word.empty()) return;
      add(to_utf8(word), out.ids);
    }
  }
};

Tokenizer::Tokenizer() : impl_(std::make_unique<Impl>()) {}

Tokenizer::~Tokenizer() = default;

const Tokenizer& Tokenizer::shared() {
  static const Tokenizer tokenizer;
  return tokenizer;
}

Tokens Tokenizer::encode(std::string_view text, int context_length) const {
  if (context_length < 2) {
    fail(ErrorCode::kInvalidArgument, "a context of {} tokens has no room for start and end",
         context_length);
  }
  Tokens out;
  out.ids.push_back(kStartOfText);
  // Words beyond the context are not encoded: one id too many shows that the text was cut.
  const auto limit = static_cast<size_t>(context_length);
  if (is_simple(text)) {
    impl_->encode_simple(text, limit, out.ids);
  } else {
    impl_->encode_any(text, limit, out);
  }
  out.ids.push_back(kEndOfText);
  if (out.ids.size() > limit) {
    out.truncated = true;
    out.ids.resize(limit);
    out.ids.back() = kEndOfText;
  }
  return out;
}

}  // namespace mobileclip
