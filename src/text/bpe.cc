#include "text/bpe.h"

#include <queue>
#include <tuple>

#include "text/assets.h"

namespace mobileclip {
namespace {

constexpr uint32_t kNone = 0xFFFFFFFF;
constexpr uint32_t kFirstMerge = 512;  // 256 byte symbols, and 256 that end a word
constexpr size_t kTableSize = size_t{1} << 17;
constexpr size_t kShortWord = 24;

size_t hash(uint32_t pair) { return (pair * 0x9E3779B1u) >> 15; }

/// Bytes that stand for themselves come first in the table of symbols.
bool is_visible(uint32_t byte) {
  return (byte >= 33 && byte <= 126) || (byte >= 161 && byte <= 172) || byte >= 174;
}

}  // namespace

Bpe::Bpe() : table_(kTableSize, Slot{kNone, kNone}) {
  uint32_t symbol = 0;
  for (const bool visible : {true, false}) {
    for (uint32_t byte = 0; byte < 256; ++byte) {
      if (is_visible(byte) == visible) byte_symbol_[byte] = symbol++;
    }
  }
  const std::string_view merges = assets::bpe_merges();
  for (uint32_t rank = 0; rank < merges.size() / 4; ++rank) {
    const uint32_t pair = uint32_t{assets::u16_at(merges, 2 * size_t{rank})} << 16 |
                          assets::u16_at(merges, 2 * size_t{rank} + 1);
    size_t at = hash(pair);
    while (table_[at].rank != kNone) at = (at + 1) % kTableSize;
    table_[at] = {pair, rank};
  }
}

uint32_t Bpe::rank(uint32_t left, uint32_t right) const {
  const uint32_t pair = left << 16 | right;
  for (size_t at = hash(pair); table_[at].rank != kNone; at = (at + 1) % kTableSize) {
    if (table_[at].pair == pair) return table_[at].rank;
  }
  return kNone;
}

std::vector<uint32_t> Bpe::byte_symbols(std::string_view word) const {
  std::vector<uint32_t> symbols;
  symbols.reserve(word.size());
  for (const char byte : word) symbols.push_back(byte_symbol_[static_cast<uint8_t>(byte)]);
  symbols.back() += 256;
  return symbols;
}

void Bpe::encode(std::string_view word, std::vector<int32_t>& ids) const {
  std::vector<uint32_t> symbols = byte_symbols(word);
  if (symbols.size() <= kShortWord) {
    encode_short(symbols);
  } else {
    encode_long(symbols);
  }
  ids.insert(ids.end(), symbols.begin(), symbols.end());
}

void Bpe::encode_slowly(std::string_view word, std::vector<int32_t>& ids) const {
  std::vector<uint32_t> symbols = byte_symbols(word);
  encode_short(symbols);
  ids.insert(ids.end(), symbols.begin(), symbols.end());
}

/// The obvious loop: the lowest rank, all its occurrences from the left, until none is left.
void Bpe::encode_short(std::vector<uint32_t>& symbols) const {
  for (;;) {
    uint32_t best = kNone;
    for (size_t i = 0; i + 1 < symbols.size(); ++i) {
      best = std::min(best, rank(symbols[i], symbols[i + 1]));
    }
    if (best == kNone) return;
    size_t out = 0;
    for (size_t i = 0; i < symbols.size(); ++i) {
      if (i + 1 < symbols.size() && rank(symbols[i], symbols[i + 1]) == best) {
        symbols[out++] = kFirstMerge + best;
        ++i;
      } else {
        symbols[out++] = symbols[i];
      }
    }
    symbols.resize(out);
  }
}

/// The same with a queue of pairs over a linked list. A merge only makes pairs of a higher rank
/// (its symbol is made by no other merge), so the order is that of the loop.
void Bpe::encode_long(std::vector<uint32_t>& symbols) const {
  const size_t n = symbols.size();
  std::vector<size_t> next(n);
  std::vector<size_t> previous(n);
  for (size_t i = 0; i < n; ++i) {
    next[i] = i + 1;
    previous[i] = i - 1;  // of the first: never read
  }
  using Candidate = std::tuple<uint32_t, size_t>;
  std::priority_queue<Candidate, std::vector<Candidate>, std::greater<>> queue;
  const auto offer = [&](size_t i) {
    if (next[i] >= n) return;
    const uint32_t r = rank(symbols[i], symbols[next[i]]);
    if (r != kNone) queue.emplace(r, i);
  };
  for (size_t i = 0; i < n; ++i) offer(i);
  while (!queue.empty()) {
    const auto [r, i] = queue.top();
    queue.pop();
    // Stale if either side has been merged meanwhile.
    if (symbols[i] == kNone || next[i] >= n || rank(symbols[i], symbols[next[i]]) != r) continue;
    const size_t gone = next[i];
    symbols[i] = kFirstMerge + r;
    symbols[gone] = kNone;
    next[i] = next[gone];
    if (next[i] < n) previous[next[i]] = i;
    offer(i);
    if (i != 0) offer(previous[i]);
  }
  std::erase(symbols, kNone);
}

}  // namespace mobileclip
