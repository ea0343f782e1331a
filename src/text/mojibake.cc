#include "text/mojibake.h"

#include <algorithm>
#include <array>
#include <string>
#include <vector>

#include "text/assets.h"
#include "text/unicode.h"

namespace mobileclip {
namespace {

/// Bits in the order of the lines of mojibake_classes.tsv.
enum Class : uint32_t {
  kCommon = 1u << 0,
  kC1 = 1u << 1,
  kBad = 1u << 2,
  kLaw = 1u << 3,
  kCurrency = 1u << 4,
  kStart = 1u << 5,  // punctuation that opens
  kEnd = 1u << 6,    // punctuation that closes
  kNumeric = 1u << 7,
  kKaomoji = 1u << 8,
  kUpper = 1u << 9,   // accented capitals
  kLower = 1u << 10,  // accented small letters
  kUpperCommon = 1u << 11,
  kLowerCommon = 1u << 12,
  kBox = 1u << 13,
  kFirstOf2 = 1u << 14,
  kFirstOf3 = 1u << 15,
  kFirstOf4 = 1u << 16,
  kContinuation = 1u << 17,
  kContinuationStrict = 1u << 18,
  // Not in the table: computed.
  kAsciiUpper = 1u << 24,
  kAsciiLower = 1u << 25,
  kSpace = 1u << 26,
  kWord = 1u << 27,
  kNotAsciiLetter = 1u << 28,
  kNotNewline = 1u << 29,
};
constexpr uint32_t kAsciiLetter = kAsciiUpper | kAsciiLower;

class ClassTable {
 public:
  static const ClassTable& get() {
    static const ClassTable table;
    return table;
  }

  uint32_t of(char32_t c) const { return c < kDirect ? direct_[c] : find(c); }

 private:
  static constexpr char32_t kDirect = 0x3000;  // all scripts that are common in mojibake

  uint32_t find(char32_t c) const {
    const auto after = std::ranges::upper_bound(starts_, c);
    uint32_t mask =
        after == starts_.begin() ? 0 : masks_[static_cast<size_t>(after - starts_.begin()) - 1];
    const bool upper = c >= 'A' && c <= 'Z';
    const bool lower = c >= 'a' && c <= 'z';
    if (upper) mask |= kAsciiUpper;
    if (lower) mask |= kAsciiLower;
    if (!upper && !lower) mask |= kNotAsciiLetter;
    if (c != '\n') mask |= kNotNewline;
    if (is_space(c)) mask |= kSpace;
    if (is_word(c)) mask |= kWord;
    return mask;
  }

  /// The ranges of all classes cut into pieces of one mask each.
  ClassTable() {
    struct Edge {
      char32_t at;
      uint32_t bit;
    };
    std::vector<Edge> edges;
    std::string_view text = assets::mojibake_classes();
    for (uint32_t bit = 1; !text.empty(); bit <<= 1) {
      std::string_view line = assets::take_until(text, '\n');
      assets::take_until(line, '\t');
      while (!line.empty()) {
        std::string_view range = assets::take_until(line, ' ');
        const uint32_t first = assets::parse_hex(assets::take_until(range, '-'));
        edges.push_back({first, bit});
        edges.push_back({assets::parse_hex(range) + 1, bit});
      }
    }
    std::ranges::sort(edges, {}, &Edge::at);
    uint32_t mask = 0;
    for (size_t i = 0; i < edges.size(); ++i) {
      mask ^= edges[i].bit;
      if (i + 1 < edges.size() && edges[i + 1].at == edges[i].at) continue;
      starts_.push_back(edges[i].at);
      masks_.push_back(mask);
    }
    for (char32_t c = 0; c < kDirect; ++c) direct_[c] = find(c);
  }
  std::array<uint32_t, kDirect> direct_{};
  std::vector<char32_t> starts_;
  std::vector<uint32_t> masks_;
};

/// One place of a sequence: a character of any of these classes, or one of these.
struct Place {
  uint32_t classes = 0;
  std::u32string_view characters = {};
  bool matches(char32_t c, uint32_t mask) const {
    return (mask & classes) != 0 || characters.find(c) != std::u32string_view::npos;
  }
};

constexpr size_t kLongest = 6;

struct Sequence {
  std::array<Place, kLongest> places;
  bool at_start = false;  // only at the start of the text
};

constexpr uint32_t kAround = kLower | kUpper | kBox | kStart | kEnd | kCurrency | kNumeric | kLaw;
constexpr uint32_t kArabic = kCommon | kCurrency | kBad | kNumeric | kStart;
constexpr std::u32string_view kArabicMore = U"ŸŠ®°µ»";

const Sequence kSequences[] = {
    {{{{kC1}}}},
    {{{{kBad | kAround}, {kBad}}}},
    {{{{kAsciiLetter}, {kLowerCommon | kUpperCommon}, {kBad}}}},
    {{{{kBad}, {kAround}}}},
    {{{{kLower | kLowerCommon | kBox | kEnd | kCurrency | kNumeric}, {kUpper}}}},
    {{{{kBox | kEnd | kCurrency | kNumeric}, {kLower}}}},
    {{{{kLower | kBox | kEnd}, {kCurrency}}}},
    {{{{kSpace}, {kUpper}, {kCurrency}}}},
    {{{{kUpper | kBox}, {kNumeric | kLaw}}}},
    {{{{kLower | kUpper | kBox | kCurrency | kEnd}, {kStart}, {kNumeric}}}},
    {{{{kLower | kUpper | kCurrency | kNumeric | kBox | kLaw}, {kEnd}, {kStart}}}},
    {{{{kCurrency | kNumeric | kBox}, {kStart}}}},
    {{{{kAsciiLower}, {kUpper}, {kStart | kCurrency}}}},
    {{{{kBox}, {kKaomoji}}}},
    {{{{kLower | kUpper | kCurrency | kNumeric | kStart | kEnd | kLaw}, {kBox}}}},
    {{{{kBox}, {kEnd}}}},
    {{{{kLower | kUpper}, {kStart | kEnd}, {kWord}}}},
    {{{{0, U"Œœ"}, {kNotAsciiLetter}}}},
    {{{{kUpper}, {0, U"°"}}}},
    {{{{0, U"ÂÃÎÐ"}, {kStart | kEnd, U"€œŠš¢£Ÿž\u00a0\u00ad®©°·»–—´"}}}},
    {{{{0, U"×"}, {0, U"²³"}}}},
    {{{{0, U"ØÙ"}, {kArabic, kArabicMore}, {0, U"ØÙ"}, {kArabic, kArabicMore}}}},
    {{{{0, U"à"}, {0, U"²µ¹¼½¾"}}}},
    {{{{0, U"√"}, {0, U"±∂†≠®™´≤≥¥µø"}}}},
    {{{{0, U"≈"}, {0, U"°¢"}}}},
    {{{{0, U"‚"}, {0, U"Ä"}, {0, U"ìîïòôúùû†°¢π"}}}},
    {{{{0, U"‚"}, {0, U"âó"}, {0, U"àä°ê"}}}},
    {{{{0, U"в"}, {0, U"Ђ"}}}},
    {{{{0, U"ВГРС"}, {kC1 | kBad | kStart | kEnd | kCurrency, U"°µ"}, {0, U"ВГРС"}}}},
    {{{{0, U"Г"}, {0, U"ў"}, {0, U"В"}, {0, U"Ђ"}, {0, U"В"}, {kNotNewline}}}},
    {{{{0, U"Ã"}, {0, U"\u00a0¡"}}}},
    {{{{kAsciiLower}, {0, U"ÂÃ"}, {0, U" "}}}},
    {{{{kAsciiLower}, {kSpace}, {0, U"ÂÃ"}, {0, U" "}}}},
    {{{{0, U"ÂÃ"}, {0, U" "}}}, true},
    {{{{kAsciiLower | kEnd, U".,?!"}, {0, U"Â"}, {kStart | kEnd, U" "}}}},
    {{{{0, U"β"}, {0, U"€"}, {0, U"™\u00a0Ά\u00ad®°"}}}},
    {{{{0, U"ΒΓΞΟ"}, {kC1 | kBad | kStart | kEnd | kCurrency, U"°"}, {0, U"ΒΓΞΟ"}}}},
    {{{{0, U"ā"}, {0, U"€"}}}},
};

bool is_place(const Place& place) { return place.classes != 0 || !place.characters.empty(); }

/// The sequence "ГўВЂВ" and one more character counts only before a Latin letter or a space.
bool needs_latin_after(const Sequence& sequence) { return is_place(sequence.places[kLongest - 1]); }

bool matches_at(const Sequence& sequence, std::u32string_view text, const ClassTable& table,
                size_t at) {
  if (sequence.at_start && at != 0) return false;
  size_t i = 0;
  for (; i < kLongest && is_place(sequence.places[i]); ++i) {
    if (at + i >= text.size() ||
        !sequence.places[i].matches(text[at + i], table.of(text[at + i]))) {
      return false;
    }
  }
  if (!needs_latin_after(sequence)) return true;
  return at + i < text.size() &&
         ((table.of(text[at + i]) & kAsciiLetter) != 0 || text[at + i] == ' ');
}

}  // namespace

bool looks_like_mojibake(std::u32string_view text) {
  const ClassTable& table = ClassTable::get();
  // Every sequence has a character beyond ASCII among its first three.
  size_t at = 0;
  for (size_t high = 0; high < text.size(); ++high) {
    if (text[high] < 0x80) continue;
    for (at = std::max(at, high < 2 ? 0 : high - 2); at <= high; ++at) {
      for (const Sequence& sequence : kSequences) {
        if (matches_at(sequence, text, table, at)) return true;
      }
    }
  }
  return false;
}

size_t utf8_like_run(std::u32string_view text, size_t at) {
  const ClassTable& table = ClassTable::get();
  if (at > 0 && (table.of(text[at - 1]) & kContinuationStrict) != 0) return 0;
  const auto continues = [&](size_t from, size_t count) {
    if (from + count > text.size()) return false;
    for (size_t i = 0; i < count; ++i) {
      if ((table.of(text[from + i]) & kContinuation) == 0) return false;
    }
    return true;
  };
  size_t end = at;
  while (end < text.size()) {
    const uint32_t mask = table.of(text[end]);
    if ((mask & kFirstOf2) != 0 && continues(end + 1, 1)) {
      end += 2;
    } else if ((mask & kFirstOf3) != 0 && continues(end + 1, 2)) {
      end += 3;
    } else if ((mask & kFirstOf4) != 0 && continues(end + 1, 3)) {
      end += 4;
    } else {
      break;
    }
  }
  return end - at;
}

}  // namespace mobileclip
