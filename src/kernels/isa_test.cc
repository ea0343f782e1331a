#include "kernels/isa.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "base/error.h"

namespace mobileclip::kernels {
namespace {

TEST(kernelsIsa, ScalarIsAlwaysThereAndUnknownIsRefused) {
  const auto all = available_isas();
  EXPECT_NE(std::ranges::find(all, "scalar"), all.end());
  EXPECT_EQ(isa_name(), all.front());
  EXPECT_THROW(force_isa("mmx"), Error);
  EXPECT_EQ(isa_name(), all.front());
}

}  // namespace
}  // namespace mobileclip::kernels
