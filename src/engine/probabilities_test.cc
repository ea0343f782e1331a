#include <gtest/gtest.h>

#include "engine/session.h"

namespace mobileclip {
namespace {

TEST(Probabilities, SigmoidsJudgeEachLabelByItself) {
  const std::vector<float> image = {1, 0};
  const std::vector<float> labels = {1, 0, 0, 1, -1, 0};
  const std::vector<double> p = sigmoid_probabilities(image, labels, 2, 10, -10);
  ASSERT_EQ(p.size(), 3u);
  EXPECT_DOUBLE_EQ(p[0], 0.5);
  EXPECT_NEAR(p[1], 4.5397868702434395e-05, 1e-18);
  EXPECT_NEAR(p[2], 2.061153618190204e-09, 1e-20);
  // The other labels change nothing.
  EXPECT_EQ(sigmoid_probabilities(image, std::span(labels).first(2), 2, 10, -10)[0], p[0]);
}

}  // namespace
}  // namespace mobileclip
