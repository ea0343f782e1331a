#include "text/tokenizer.h"

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <cstdlib>
#include <fstream>
#include <map>
#include <nlohmann/json.hpp>
#include <random>
#include <thread>

#include "text/bpe.h"

namespace mobileclip {
namespace {

struct Line {
  std::string kind, text;
  std::vector<int32_t> ids;
};

std::vector<Line> read_golden(const std::string& path) {
  std::vector<Line> out;
  std::ifstream file(path);
  for (std::string line; std::getline(file, line);) {
    const auto value = nlohmann::json::parse(line);
    out.push_back({value["kind"], value["text"], value["ids"]});
  }
  return out;
}

void expect_equal(const std::vector<Line>& lines) {
  for (const Line& line : lines) {
    EXPECT_EQ(Tokenizer::shared().encode(line.text).ids, line.ids)
        << line.kind << ": " << line.text << "\ncleaned: " << clean_text(line.text);
  }
}

TEST(Tokenizer, CommittedGoldensEqualOpenClip) {
  const auto lines = read_golden(MOBILECLIP_TEST_DATA "/text/open_clip.jsonl");
  ASSERT_GT(lines.size(), 400u);
  expect_equal(lines);
}

TEST(Tokenizer, AllGoldensEqualOpenClip) {
  const char* folder = std::getenv("MOBILECLIP_GOLDEN");
  if (folder == nullptr) GTEST_SKIP() << "MOBILECLIP_GOLDEN is not set";
  const auto lines = read_golden(std::string(folder) + "/tokenizer/open_clip.jsonl");
  ASSERT_EQ(lines.size(), 4000u);
  expect_equal(lines);
}

TEST(Tokenizer, RepairAndCleaning) {
  const std::pair<const char*, const char*> cases[] = {
      {"  A\t\nPhoto  ", "a photo"},
      {"schÃ¶n", "schön"},
      {"&eacute;&EACUTE;&amp;amp;lt;", "éé<"},
      {"<b>&eacute;", "<b>é"},
      {"“curly” ‘quotes’", "\"curly\" 'quotes'"},
      {"ﬁne ﬀ Ǆ", "fine ff dž"},
      {"ＦＵＬＬ　ｗｉｄｔｈ", "full width"},
      {"ΟΔΟΣ ΣΑΣ", "οδος σας"},
      {"İ", "i̇"},
      {"e\u0301", "é"},
      {"\x1b[31mred\x1b[0m", "red"},
      {"x\u0085y", "x…y"},
  };
  for (const auto& [text, cleaned] : cases) EXPECT_EQ(clean_text(text), cleaned) << text;
}

TEST(Tokenizer, CutsAndSaysSo) {
  std::string text;
  for (int i = 0; i < 100; ++i) text += "cat ";
  for (const int context : {2, 16, 77}) {
    const Tokens tokens = Tokenizer::shared().encode(text, context);
    EXPECT_TRUE(tokens.truncated);
    ASSERT_EQ(tokens.ids.size(), static_cast<size_t>(context));
    EXPECT_EQ(tokens.ids.front(), Tokenizer::kStartOfText);
    EXPECT_EQ(tokens.ids.back(), Tokenizer::kEndOfText);
  }
  // Exactly as many as fit are not cut.
  std::string fits;
  for (int i = 0; i < 75; ++i) fits += "cat ";
  EXPECT_FALSE(Tokenizer::shared().encode(fits).truncated);
  EXPECT_EQ(Tokenizer::shared().encode(fits).ids.size(), 77u);
  EXPECT_TRUE(Tokenizer::shared().encode(fits + "cat").truncated);
  EXPECT_ANY_THROW(Tokenizer::shared().encode("a", 1));
}

TEST(Tokenizer, InvalidUtf8IsCountedAndReplaced) {
  const Tokens bad = Tokenizer::shared().encode("a \xff\xe2\x82 cat");
  EXPECT_EQ(bad.invalid_utf8, 2u);
  EXPECT_EQ(bad.ids, Tokenizer::shared().encode("a \ufffd\ufffd cat").ids);
}

/// The quick way for plain ASCII must give what the general way gives: a character beyond ASCII
/// that the cleaning removes forces the latter.
TEST(Tokenizer, PlainAsciiTakesTheSameWay) {
  std::mt19937 generator(3);
  const std::string alphabet = "abcXYZ019 '<>.,-!_\t\nst'sre ve<start_of_text>end";
  for (int round = 0; round < 20'000; ++round) {
    std::string text;
    const size_t size = generator() % 24;
    for (size_t i = 0; i < size; ++i) text += alphabet[generator() % alphabet.size()];
    if (round % 5 == 0) text.insert(generator() % (text.size() + 1), "<end_of_text>");
    const auto quick = Tokenizer::shared().encode(text).ids;
    ASSERT_EQ(quick, Tokenizer::shared().encode(text + "\ufeff").ids) << text;
  }
}

TEST(Tokenizer, LongWordsMergeAsShortOnesDo) {
  // Both ways of the encoder, on words about the length where they change over.
  const Bpe bpe;
  std::mt19937 generator(4);
  for (int round = 0; round < 3000; ++round) {
    std::string word;
    const size_t size = 20 + generator() % 10;
    for (size_t i = 0; i < size; ++i) word += "aeinrst"[generator() % 7];
    std::vector<int32_t> ids;
    bpe.encode(word, ids);
    std::vector<int32_t> slow;
    bpe.encode_slowly(word, slow);
    ASSERT_EQ(ids, slow) << word;
  }
}

TEST(Tokenizer, TimeIsLinear) {
  const auto seconds = [](const std::string& text) {
    const auto begin = std::chrono::steady_clock::now();
    Tokenizer::shared().encode(text, 1 << 30);
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
  };
  const auto repeated = [](const std::string& part, size_t size) {
    std::string out;
    while (out.size() < size) out += part;
    return out;
  };
  for (const char* part : {"a cat, it's 3 o'clock. ", "x", "&", "&amp", "<", "Ã¶", "Â ", "\xff", "̀",
                           "\x1b[1", "ﬁ", "&#", "漢字"}) {
    seconds(repeated(part, 1 << 14));
    const double small = seconds(repeated(part, 1 << 15));
    const double large = seconds(repeated(part, 1 << 19));  // 16 times as much
    EXPECT_LT(large, 16 * 6 * small + 0.02) << part;
  }
}

TEST(Tokenizer, ThreadsShareOne) {
  const auto lines = read_golden(MOBILECLIP_TEST_DATA "/text/open_clip.jsonl");
  std::vector<std::thread> threads;
  std::atomic<int> wrong{0};
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&] {
      for (const Line& line : lines) wrong += Tokenizer::shared().encode(line.text).ids != line.ids;
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(wrong, 0);
}

}  // namespace
}  // namespace mobileclip
