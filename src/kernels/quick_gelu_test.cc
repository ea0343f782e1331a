#include "kernels/quick_gelu.h"

#include <limits>

#include "kernels/test_support.h"

namespace mobileclip::kernels {
namespace {

TEST(kernelsQuickGelu, IsAccurateOverADenseSweepWithTails) {
  test::for_each_isa([] {
    for (size_t n = 0; n <= 67; ++n) {
      std::vector<float> x = test::random_floats(n, static_cast<unsigned>(n));
      for (float& value : x) value *= 20;
      const test::Guarded y(x, test::Guarded::Side::kAfter);
      quick_gelu(y.data(), n);
      for (size_t i = 0; i < n; ++i) {
        const double expected = x[i] / (1 + std::exp(-1.702 * double{x[i]}));
        ASSERT_NEAR(y.data()[i], expected, 2e-7 * std::max(1.0, std::abs(double{x[i]}))) << x[i];
      }
    }
  });
}

TEST(kernelsQuickGelu, ExtremeValuesStayFinite) {
  test::for_each_isa([] {
    float x[] = {0.0f, 100.0f, -100.0f, 1e30f, -1e30f, std::numeric_limits<float>::quiet_NaN()};
    quick_gelu(x, std::size(x));
    EXPECT_EQ(x[0], 0.0f);
    EXPECT_EQ(x[1], 100.0f);
    EXPECT_NEAR(x[2], 0.0f, 1e-6f);
    EXPECT_EQ(x[3], 1e30f);
    EXPECT_NEAR(x[4], 0.0f, 1e-6f);
    EXPECT_TRUE(std::isnan(x[5]));
  });
}

}  // namespace
}  // namespace mobileclip::kernels
