#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <limits>

#include "base/checked.h"
#include "base/dtype.h"
#include "base/error.h"
#include "base/plain_name.h"
#include "base/result.h"
#include "base/test_support.h"
#include "base/utf8.h"

namespace mobileclip {
namespace {

TEST(Checked, NothingWraps) {
  constexpr uint64_t kMost = std::numeric_limits<uint64_t>::max();
  EXPECT_EQ(checked_add(kMost - 1, uint64_t{1}), kMost);
  EXPECT_FALSE(checked_add(kMost, uint64_t{1}));
  EXPECT_FALSE(checked_sub(uint64_t{1}, uint64_t{2}));
  EXPECT_FALSE(checked_mul(uint64_t{1} << 32, uint64_t{1} << 32));
  EXPECT_EQ(checked_mul(uint64_t{1} << 31, uint64_t{1} << 32), uint64_t{1} << 63);
  EXPECT_FALSE(checked_align(kMost - 5, 64));
  EXPECT_EQ(checked_align(65, 64), 128u);
  EXPECT_FALSE(checked_cast<int32_t>(uint64_t{1} << 31));
  EXPECT_FALSE(checked_cast<uint8_t>(-1));
  EXPECT_EQ(checked_product({}), 1u);
  const uint64_t wraps[] = {4194305, 4194305, 211106198978564};
  EXPECT_FALSE(checked_product(wraps));
}

TEST(Checked, RangesCannotBeFooled) {
  constexpr uint64_t kMost = std::numeric_limits<uint64_t>::max();
  EXPECT_TRUE(range_inside(0, 10, 10));
  EXPECT_TRUE(range_inside(10, 0, 10));
  EXPECT_FALSE(range_inside(10, 1, 10));
  EXPECT_FALSE(range_inside(11, 0, 10));
  EXPECT_FALSE(range_inside(kMost, 2, 10));
  EXPECT_FALSE(range_inside(5, kMost, 10));
}

TEST(Utf8, MaximalSubpartsOfBadSequences) {
  const auto lengths = [](std::string_view bytes) {
    std::string out;
    while (!bytes.empty()) {
      const Utf8Char c = decode_utf8(bytes);
      out += (c.valid ? 'v' : 'x') + std::to_string(c.length);
      bytes.remove_prefix(c.length);
    }
    return out;
  };
  EXPECT_EQ(lengths("a\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80"), "v1v2v3v4");
  EXPECT_EQ(lengths("\xc0\x80"), "x1x1");              // overlong
  EXPECT_EQ(lengths("\xe0\x9f\x80"), "x1x1x1");        // overlong
  EXPECT_EQ(lengths("\xed\xa0\x80"), "x1x1x1");        // a surrogate
  EXPECT_EQ(lengths("\xf4\x90\x80\x80"), "x1x1x1x1");  // beyond the last code point
  EXPECT_EQ(lengths("\xf0\x9f\x98"
                    "a"),
            "x3v1");
  EXPECT_EQ(lengths("\xe2\x82"), "x2");
  EXPECT_EQ(lengths("\xff\xfe\x80"), "x1x1x1");
  EXPECT_TRUE(is_utf8("é€😀"));
  EXPECT_FALSE(is_utf8("é\xff"));
}

TEST(Utf8, EveryCodePointRoundTrips) {
  for (char32_t c = 0; c <= 0x10FFFF; ++c) {
    if (c >= 0xD800 && c <= 0xDFFF) continue;
    std::string bytes;
    append_utf8(c, bytes);
    const Utf8Char back = decode_utf8(bytes);
    ASSERT_TRUE(back.valid);
    ASSERT_EQ(back.code_point, c);
    ASSERT_EQ(back.length, bytes.size());
  }
}

TEST(DTypes, EveryHalfIsExact) {
  for (uint32_t bits = 0; bits < 0x10000; ++bits) {
    const auto half = static_cast<uint16_t>(bits);
    const int exponent = static_cast<int>(bits >> 10 & 0x1F);
    const auto mantissa = static_cast<double>(bits & 0x3FF);
    const double sign = (bits & 0x8000) != 0 ? -1 : 1;
    const float ours = half_to_float(half);
    if (exponent == 31) {
      EXPECT_EQ(std::isnan(ours), mantissa != 0);
      EXPECT_EQ(std::isinf(ours), mantissa == 0);
    } else {
      const double value =
          exponent == 0 ? std::ldexp(mantissa, -24) : std::ldexp(1024 + mantissa, exponent - 25);
      ASSERT_EQ(ours, sign * value) << bits;
    }
    ASSERT_EQ(std::bit_cast<uint32_t>(bfloat16_to_float(half)), bits << 16);
  }
}

TEST(Errors, NamesAreQuotedAndCut) {
  EXPECT_EQ(quote("a b"), "\"a b\"");
  EXPECT_EQ(quote("a\n\xff\x7f"), "\"a\\x0a\\xff\\x7f\"");
  EXPECT_EQ(quote("abcdef", 3), "\"abc…\"");
  EXPECT_EQ(system_error("open", "x", ENOENT).code(), ErrorCode::kNotFound);
  EXPECT_EQ(system_error("write", "x", ENOSPC).code(), ErrorCode::kNoSpace);
  EXPECT_EQ(system_error("write", "x", EACCES).code(), ErrorCode::kIo);
}

TEST(PlainName, IsOfAFileInTheSameFolder) {
  for (const char* name :
       {"a", "a.pt", ".a", "a b", "model-00001-of-00002.safetensors", "\xc3\xa9"}) {
    EXPECT_TRUE(is_plain_name(name)) << name;
  }
  EXPECT_TRUE(is_plain_name(std::string(255, 'r')));
  EXPECT_GE(names_that_leave_the_folder().size(), 20U);
  for (const std::string& name : names_that_leave_the_folder()) {
    EXPECT_FALSE(is_plain_name(name)) << name;
  }
}

TEST(Results, HoldAValueOrAnError) {
  const Result<int> good = try_result([] { return 3; });
  const Result<int> bad = try_result([]() -> int { fail(ErrorCode::kDecode, "no {}", 7); });
  EXPECT_EQ(*good, 3);
  ASSERT_FALSE(bad.ok());
  EXPECT_EQ(bad.error().message(), "no 7");
  EXPECT_THROW(static_cast<void>(*bad), Error);
}

}  // namespace
}  // namespace mobileclip
