#include "kernels/depthwise.h"

#include "kernels/reference.h"
#include "kernels/test_support.h"

namespace mobileclip::kernels {
namespace {

using test::Guarded;

struct Case {
  size_t kh, kw, stride, multiplier;
};

constexpr Case kCases[] = {{3, 3, 1, 1}, {3, 3, 2, 1}, {7, 7, 1, 1},
                           {7, 7, 2, 2}, {3, 3, 1, 2}, {11, 1, 1, 1}};

std::vector<double> random_doubles(size_t n, unsigned seed) {
  const auto floats = test::random_floats(n, seed);
  return {floats.begin(), floats.end()};
}

TEST(kernelsDepthwise, EqualsTheReferenceForAllSizesOnAllInstructionSets) {
  test::for_each_isa([] {
    for (const Case& c : kCases) {
      for (const size_t channels : {1, 3, 8, 16, 19, 33}) {
        for (const auto& [height, width] :
             {std::pair<size_t, size_t>{1, 1}, {2, 3}, {5, 8}, {8, 8}, {9, 17}, {77, 1}}) {
          const auto weight = random_doubles(channels * c.multiplier * c.kh * c.kw, 1);
          const auto bias = random_doubles(channels * c.multiplier, 2);
          const auto in = test::random_floats(height * width * channels, 3);
          const PackedDepthwise w = PackedDepthwise::pack(weight.data(), bias.data(), channels,
                                                          c.multiplier, c.kh, c.kw, c.stride);
          const auto expected =
              reference::depthwise(in.data(), height, width, weight.data(), bias.data(), channels,
                                   c.multiplier, c.kh, c.kw, c.stride, Activation::kGelu);
          for (const auto side : {Guarded::Side::kBefore, Guarded::Side::kAfter}) {
            const Guarded guarded(in, side);
            const Guarded out(std::vector<float>(expected.size()), side);
            depthwise(guarded.data(), height, width, w, 0, w.out_height(height), Activation::kGelu,
                      out.data());
            ASSERT_LT(test::worst(out.data(), expected), 2e-6)
                << c.kh << "x" << c.kw << " channels " << channels << " " << height << "x" << width;
          }
        }
      }
    }
  });
}

TEST(kernelsDepthwise, BitsDoNotDependOnTheRowRange) {
  test::for_each_isa([] {
    const size_t channels = 24;
    const size_t height = 16;
    const size_t width = 16;
    const auto weight = random_doubles(channels * 49, 1);
    const auto bias = random_doubles(channels, 2);
    const auto in = test::random_floats(height * width * channels, 3);
    const PackedDepthwise w =
        PackedDepthwise::pack(weight.data(), bias.data(), channels, 1, 7, 7, 1);
    std::vector<float> whole(in.size());
    depthwise(in.data(), height, width, w, 0, height, Activation::kNone, whole.data());
    for (size_t row = 0; row < height; ++row) {
      std::vector<float> part(width * channels);
      depthwise(in.data(), height, width, w, row, row + 1, Activation::kNone, part.data());
      EXPECT_EQ(
          std::memcmp(part.data(), &whole[row * width * channels], part.size() * sizeof(float)), 0);
    }
  });
}

TEST(kernelsDepthwise, UnknownGeometryIsRefused) {
  const std::vector<double> weight(9, 0.0);
  EXPECT_ANY_THROW(PackedDepthwise::pack(weight.data(), weight.data(), 1, 1, 3, 2, 1));
  EXPECT_ANY_THROW(PackedDepthwise::pack(weight.data(), weight.data(), 1, 3, 3, 3, 1));
  EXPECT_ANY_THROW(PackedDepthwise::pack(weight.data(), weight.data(), 1, 1, 3, 3, 4));
}

}  // namespace
}  // namespace mobileclip::kernels
