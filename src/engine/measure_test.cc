#include "engine/measure.h"

#include <gtest/gtest.h>

namespace mobileclip {
namespace {

TEST(Measure, PercentilesAreNearestRanks) {
  EXPECT_EQ(percentile({7}, 0.5), 7);
  EXPECT_EQ(percentile({3, 1, 2}, 0.5), 2);
  EXPECT_EQ(percentile({4, 3, 1, 2}, 0.5), 2);
  std::vector<double> hundred;
  for (int i = 100; i > 0; --i) hundred.push_back(i);
  EXPECT_EQ(percentile(hundred, 0.95), 95);
  EXPECT_EQ(percentile(hundred, 1), 100);
  EXPECT_EQ(percentile({1, 2}, 0.001), 1);
}

}  // namespace
}  // namespace mobileclip
