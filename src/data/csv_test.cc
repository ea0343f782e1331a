#include "data/csv.h"

#include <gtest/gtest.h>

#include "base/error.h"

namespace mobileclip {
namespace {

using Rows = std::vector<std::vector<std::string>>;

TEST(Csv, QuotesCommasAndLineEnds) {
  EXPECT_EQ(parse_csv("a,b\r\n1,\"x, \"\"y\"\"\nz\"\n\n3,", "t"),
            (Rows{{"a", "b"}, {"1", "x, \"y\"\nz"}, {"3", ""}}));
  EXPECT_TRUE(parse_csv("", "t").empty());
  EXPECT_EQ(parse_csv("\"\",\"\"\"\"", "t"), (Rows{{"", "\""}}));
}

TEST(Csv, AnOpenQuoteIsAnError) { EXPECT_THROW(parse_csv("a,\"b\n", "t"), Error); }

}  // namespace
}  // namespace mobileclip
