/// Byte-pair encoding with the CLIP merges.
#ifndef MOBILECLIP_TEXT_BPE_H_
#define MOBILECLIP_TEXT_BPE_H_

#include <cstdint>
#include <string_view>
#include <vector>

namespace mobileclip {

/// Immutable, thread-safe.
class Bpe {
 public:
  Bpe();
  /// Appends the ids of one word (UTF-8 bytes, not empty). O(n log n).
  void encode(std::string_view word, std::vector<int32_t>& ids) const;
  /// The same by the obvious loop, whatever the length: the oracle of the tests. O(n²).
  void encode_slowly(std::string_view word, std::vector<int32_t>& ids) const;

 private:
  struct Slot {
    uint32_t pair;
    uint32_t rank;
  };
  /// Rank of the merge of two symbols, or kNone.
  uint32_t rank(uint32_t left, uint32_t right) const;
  std::vector<uint32_t> byte_symbols(std::string_view word) const;
  void encode_short(std::vector<uint32_t>& symbols) const;
  void encode_long(std::vector<uint32_t>& symbols) const;

  std::vector<Slot> table_;  // open addressing
  uint32_t byte_symbol_[256];
};

}  // namespace mobileclip

#endif  // MOBILECLIP_TEXT_BPE_H_
