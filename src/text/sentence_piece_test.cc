#include "text/sentence_piece.h"

#include <gtest/gtest.h>

#include <fstream>

#include "base/error.h"
#include "text/test_support.h"

namespace mobileclip {
namespace {

using test::piece;

constexpr int kNormal = 1, kUnknown = 2, kControl = 3;
const std::string kSpace = "\xe2\x96\x81";  // ▁

/// pad, </s>, unknown, then "▁a"=3, "▁cat"=4, "▁dog"=5, "s"=6, "▁"=7. The normalizer changes
/// nothing.
std::string small_model() {
  return piece("<pad>", 0, kControl) + piece("</s>", 0, kControl) + piece("<unk>", 0, kUnknown) +
         piece(kSpace + "a", -1, kNormal) + piece(kSpace + "cat", -2, kNormal) +
         piece(kSpace + "dog", -2, kNormal) + piece("s", -3, kNormal) + piece(kSpace, -4, kNormal);
}

std::string write(const std::string& bytes) {
  const std::string path = testing::TempDir() + "/spiece.model";
  std::ofstream(path, std::ios::binary | std::ios::trunc) << bytes;
  return path;
}

std::vector<int32_t> ids(const std::string& text, int context = 64) {
  return SentencePieceTokenizer(write(small_model()), 8).encode(text, context).ids;
}

TEST(SentencePiece, CanonicalTextIsLowerCaseWithoutPunctuation) {
  EXPECT_EQ(canonical_text("  A_cat,\t(two)  DOGS!! "), "a cat two dogs");
  EXPECT_EQ(canonical_text("&amp;amp; - ."), "");
  EXPECT_EQ(canonical_text("caf\xc3\xa9 \xc2\xbfno?"), "caf\xc3\xa9 \xc2\xbfno");  // ASCII only
}

#ifdef MOBILECLIP_HAS_SENTENCEPIECE
TEST(SentencePiece, IdsEndWithTheEnd) {
  using Ids = std::vector<int32_t>;
  EXPECT_EQ(ids("a cat"), (Ids{3, 4, 1}));
  EXPECT_EQ(ids("A, Dogs."), (Ids{3, 5, 6, 1}));
  EXPECT_EQ(ids(""), (Ids{1}));
  EXPECT_EQ(ids("a q"), (Ids{3, 7, 2, 1}));
}

TEST(SentencePiece, LongTextsAreCutBeforeTheEnd) {
  const SentencePieceTokenizer tokenizer(write(small_model()), 8);
  const Tokens cut = tokenizer.encode("a a a a", 4);
  EXPECT_EQ(cut.ids, (std::vector<int32_t>{3, 3, 3, 1}));
  EXPECT_TRUE(cut.truncated);
  EXPECT_FALSE(tokenizer.encode("a a a", 4).truncated);
}

ErrorCode refusal(const std::string& path, int vocabulary) {
  try {
    const SentencePieceTokenizer tokenizer(path, vocabulary);
  } catch (const Error& error) {
    EXPECT_NE(error.message().find("spiece"), std::string::npos) << error.message();
    return error.code();
  }
  return ErrorCode::kInternal;
}

TEST(SentencePiece, OtherFilesAreRefused) {
  EXPECT_EQ(refusal(write("no model"), 8), ErrorCode::kDamaged);
  EXPECT_EQ(refusal(write(""), 8), ErrorCode::kDamaged);
  EXPECT_EQ(refusal(write(small_model()), 32000), ErrorCode::kWrongModel);
  EXPECT_EQ(refusal("/no/such/spiece.model", 8), ErrorCode::kNotFound);
}

#else
TEST(SentencePiece, IsNamedWhereItIsMissing) {
  try {
    ids("a cat");
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::kUnsupported);
    EXPECT_NE(error.message().find("MOBILECLIP_SENTENCEPIECE"), std::string::npos);
  }
}
#endif

}  // namespace
}  // namespace mobileclip
