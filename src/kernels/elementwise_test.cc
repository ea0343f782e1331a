#include "kernels/elementwise.h"

#include <limits>

#include "kernels/im2col.h"
#include "kernels/reference.h"
#include "kernels/test_support.h"

namespace mobileclip::kernels {
namespace {

using test::Guarded;

constexpr float kInfinity = std::numeric_limits<float>::infinity();

TEST(kernelsGelu, IsAccurateOverADenseSweep) {
  test::for_each_isa([] {
    std::vector<float> x;
    for (float value = -12; value <= 12; value += 1.0f / 4096) x.push_back(value);
    for (float value = 1e-30f; value < 1; value *= 1.5f) {
      x.push_back(value);
      x.push_back(-value);
    }
    std::vector<float> y = x;
    gelu(y.data(), y.size());
    double squares = 0;
    for (size_t i = 0; i < x.size(); ++i) {
      const double expected = reference::gelu(x[i]);
      const double error = y[i] - expected;
      squares += error * error;
      ASSERT_LE(std::abs(error), 1.5e-7 * std::max(1.0, std::abs(double{x[i]}))) << x[i];
      if (std::abs(x[i]) < 0.5) {
        ASSERT_LE(std::abs(error), 4e-7 * std::abs(expected)) << x[i];
      }
    }
    EXPECT_LE(std::sqrt(squares / static_cast<double>(x.size())), 1.2e-7);
  });
}

TEST(kernelsGelu, SpecialValues) {
  test::for_each_isa([] {
    const float values[] = {0.0f,   -0.0f,     100.0f,        -100.0f,   1e30f,
                            -1e30f, kInfinity, std::nanf(""), -kInfinity};
    std::vector<float> all;  // in whole vectors first
    for (int turn = 0; turn < 17; ++turn)
      all.insert(all.end(), std::begin(values), std::end(values));
    gelu(all.data(), all.size());
    for (const float* x = all.data(); x < all.data() + all.size(); x += std::size(values)) {
      ASSERT_EQ(x[0], 0.0f);
      ASSERT_FALSE(std::signbit(x[0]));
      ASSERT_EQ(x[1], 0.0f);
      ASSERT_TRUE(std::signbit(x[1]));
      ASSERT_EQ(x[2], 100.0f);
      ASSERT_EQ(x[3], 0.0f);
      ASSERT_EQ(x[4], 1e30f);
      ASSERT_EQ(x[5], 0.0f);
      ASSERT_EQ(x[6], kInfinity);
      ASSERT_TRUE(std::isnan(x[7]));
      ASSERT_TRUE(std::isnan(x[8]));  // as 0·∞ in the erf form
    }
  });
}

// What stands behind the last whole vector is computed element by element.
TEST(kernelsGelu, TailsHaveTheBitsOfWholeVectors) {
  test::for_each_isa([] {
    std::vector<float> x = test::random_floats(64, 3);
    for (float& value : x) value *= 7;
    for (const float step : {0.375f, 0.84375f}) {  // borders of the table's segments
      for (int k = -16; k < 16; ++k) {
        const float border = (static_cast<float>(k) + 0.5f) * step;
        x.insert(x.end(),
                 {std::nextafter(border, -kInfinity), border, std::nextafter(border, kInfinity)});
      }
    }
    for (size_t i = 0; i < x.size(); ++i) {
      std::vector<float> whole(64, x[i]);
      gelu(whole.data(), whole.size());
      float single = x[i];
      gelu(&single, 1);
      for (const float value : whole) ASSERT_EQ(value, single) << x[i];
    }
  });
}

TEST(kernelsElementwise, TailsAndGuardPages) {
  test::for_each_isa([] {
    for (size_t n = 0; n <= 67; ++n) {
      const auto a = test::random_floats(n, 1);
      const auto b = test::random_floats(n, 2);
      for (const auto side : {Guarded::Side::kBefore, Guarded::Side::kAfter}) {
        const Guarded ga(a, side);
        const Guarded gb(b, side);
        const Guarded out(a, side);
        add(ga.data(), gb.data(), n, out.data());
        for (size_t i = 0; i < n; ++i) ASSERT_EQ(out.data()[i], a[i] + b[i]);
        relu(ga.data(), n);
        for (size_t i = 0; i < n; ++i) ASSERT_EQ(ga.data()[i], std::max(a[i], 0.0f));
        sigmoid(gb.data(), n);
        for (size_t i = 0; i < n; ++i) {
          ASSERT_NEAR(gb.data()[i], 1 / (1 + std::exp(-double{b[i]})), 1e-7);
        }
      }
    }
  });
}

TEST(kernelsElementwise, SigmoidSaturates) {
  test::for_each_isa([] {
    float x[] = {-1000.0f, 1000.0f, 0.0f, -80.0f, std::nanf("")};
    sigmoid(x, std::size(x));
    EXPECT_NEAR(x[0], 0, 1e-30);
    EXPECT_EQ(x[1], 1.0f);
    EXPECT_EQ(x[2], 0.5f);
    EXPECT_GE(x[3], 0.0f);
  });
}

TEST(kernelsElementwise, LayerNormMeanPoolAndScaleEqualPlainLoops) {
  test::for_each_isa([] {
    for (const size_t width : {1, 5, 16, 31, 64, 67, 512, 768}) {
      const auto x = test::random_floats(3 * width, 1);
      const auto weight = test::random_floats(width, 2);
      const auto bias = test::random_floats(width, 3);
      std::vector<float> out(3 * width);
      layer_norm(x.data(), width, weight.data(), bias.data(), 3, width, 1e-5f, out.data(), width);
      for (size_t r = 0; r < 3; ++r) {
        const auto expected =
            reference::layer_norm(&x[r * width], weight.data(), bias.data(), width, 1e-5);
        ASSERT_LT(test::worst(&out[r * width], expected), 3e-6) << width;
      }
      std::vector<float> mean(width);
      mean_pool(x.data(), 3, width, mean.data());
      std::vector<float> scaled = x;
      scale_channels(scaled.data(), 3, width, weight.data(), true);
      for (size_t i = 0; i < width; ++i) {
        ASSERT_NEAR(mean[i], (double{x[i]} + x[width + i] + x[2 * width + i]) / 3, 1e-6);
        ASSERT_NEAR(scaled[i], reference::gelu(double{x[i]} * weight[i]), 3e-7);
      }
    }
  });
}

TEST(kernelsElementwise, AllFiniteFindsEveryPlace) {
  for (size_t n = 1; n <= 40; ++n) {
    std::vector<float> x(n, 1.0f);
    EXPECT_TRUE(all_finite(x.data(), n));
    for (size_t i = 0; i < n; ++i) {
      for (const float bad : {kInfinity, -kInfinity, std::nanf("")}) {
        x[i] = bad;
        EXPECT_FALSE(all_finite(x.data(), n));
      }
      x[i] = std::numeric_limits<float>::max();
    }
  }
}

TEST(kernelsIm2col, PatchesEqualPlainIndexing) {
  for (const ConvGeometry& g : {ConvGeometry{7, 5, 3, 3, 2, 1}, ConvGeometry{8, 8, 3, 4, 4, 1},
                                ConvGeometry{4, 6, 2, 2, 2, 0}, ConvGeometry{1, 1, 1, 3, 1, 1}}) {
    const auto in = test::random_floats(g.height * g.width * g.channels, 1);
    const size_t positions = g.out_height() * g.out_width();
    std::vector<float> out(positions * g.columns(), 9.0f);
    im2col(in.data(), g, 0, positions, out.data());
    for (size_t p = 0; p < positions; ++p) {
      for (size_t column = 0; column < g.columns(); ++column) {
        const size_t channel = column % g.channels;
        const size_t kx = column / g.channels % g.kernel;
        const size_t ky = column / g.channels / g.kernel;
        const size_t y = p / g.out_width() * g.stride + ky - g.padding;  // wraps below 0
        const size_t x = p % g.out_width() * g.stride + kx - g.padding;
        const bool inside = y < g.height && x < g.width;
        const float expected = inside ? in[(y * g.width + x) * g.channels + channel] : 0.0f;
        ASSERT_EQ(out[p * g.columns() + column], expected);
      }
    }
  }
}

}  // namespace
}  // namespace mobileclip::kernels
