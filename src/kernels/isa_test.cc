#include "kernels/isa.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "base/error.h"
#include "kernels/fma_peak.h"

namespace mobileclip::kernels {
namespace {

TEST(kernelsIsa, ScalarIsAlwaysThereAndUnknownIsRefused) {
  const auto all = available_isas();
  EXPECT_NE(std::ranges::find(all, "scalar"), all.end());
  EXPECT_EQ(isa_name(), all.front());
  EXPECT_THROW(force_isa("mmx"), Error);
  EXPECT_EQ(isa_name(), all.front());
}

TEST(kernelsIsa, ThePeakIsThatOfTheInstructionSetInUse) {
  const double best = fma_peak_gflops(0.05);
  force_isa("scalar");
  const double scalar = fma_peak_gflops(0.05);
  force_isa(available_isas().front());
  EXPECT_GT(scalar, 0.01);
  EXPECT_GE(best, 0.7 * scalar);  // never slower, but for noise
}

}  // namespace
}  // namespace mobileclip::kernels
