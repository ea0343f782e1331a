#include "reparam/conv.h"

#include <fmt/core.h>
#include <gtest/gtest.h>

#include <cmath>
#include <random>

#include "base/error.h"

namespace mobileclip {
namespace {

std::vector<double> random_values(size_t n, unsigned seed) {
  std::mt19937 generator(seed);
  std::uniform_real_distribution<double> uniform(-1, 1);
  std::vector<double> out(n);
  for (double& value : out) value = uniform(generator);
  return out;
}

FoldedConv random_conv(const ConvShape& shape, unsigned seed) {
  return {shape, random_values(shape.size(), seed), random_values(shape.out, seed + 1)};
}

/// Plain convolution, stride 1, zero padding (k−1)/2; x is channels × height × width.
std::vector<double> convolve(const FoldedConv& conv, const std::vector<double>& x, size_t channels,
                             size_t height, size_t width) {
  const ConvShape& s = conv.shape;
  const size_t groups = channels / s.in;
  const size_t outputs_per_group = s.out / groups;
  std::vector<double> y(s.out * height * width);
  for (size_t o = 0; o < s.out; ++o) {
    for (size_t r = 0; r < height; ++r) {
      for (size_t c = 0; c < width; ++c) {
        double sum = conv.bias[o];
        for (size_t i = 0; i < s.in; ++i) {
          const size_t channel = o / outputs_per_group * s.in + i;
          for (size_t ky = 0; ky < s.kh; ++ky) {
            for (size_t kx = 0; kx < s.kw; ++kx) {
              const size_t py = r + ky - s.kh / 2;  // wraps below 0: then ≥ height
              const size_t px = c + kx - s.kw / 2;
              if (py >= height || px >= width) continue;
              sum += x[(channel * height + py) * width + px] *
                     conv.weight[((o * s.in + i) * s.kh + ky) * s.kw + kx];
            }
          }
        }
        y[(o * height + r) * width + c] = sum;
      }
    }
  }
  return y;
}

double largest_difference(const std::vector<double>& a, const std::vector<double>& b) {
  EXPECT_EQ(a.size(), b.size());
  double worst = 0;
  for (size_t i = 0; i < a.size(); ++i) worst = std::max(worst, std::abs(a[i] - b[i]));
  return worst;
}

struct Case {
  ConvShape shape;
  size_t channels;
};

class Folding : public testing::TestWithParam<Case> {
 protected:
  static constexpr size_t kHeight = 5;
  static constexpr size_t kWidth = 6;
  const ConvShape shape = GetParam().shape;
  const size_t channels = GetParam().channels;
  const std::vector<double> x = random_values(channels * kHeight * kWidth, 7);
  std::vector<double> run(const FoldedConv& conv) const {
    return convolve(conv, x, channels, kHeight, kWidth);
  }
};

TEST_P(Folding, ScaledOutputsAreTheScaledResult) {
  FoldedConv conv = random_conv(shape, 1);
  std::vector<double> expected = run(conv);
  const std::vector<double> scale = random_values(shape.out, 3);
  for (size_t i = 0; i < expected.size(); ++i) expected[i] *= scale[i / (kHeight * kWidth)];
  scale_outputs(conv, scale);
  EXPECT_LT(largest_difference(run(conv), expected), 1e-13);
}

TEST_P(Folding, CentredSmallKernelIsTheSumOfBothConvolutions) {
  FoldedConv large = random_conv(shape, 1);
  const FoldedConv small = random_conv({shape.out, shape.in, 1, 1}, 5);
  std::vector<double> expected = run(large);
  const std::vector<double> other = run(small);
  for (size_t i = 0; i < expected.size(); ++i) expected[i] += other[i];
  add_centred(large, small);
  EXPECT_LT(largest_difference(run(large), expected), 1e-13);
}

TEST_P(Folding, IdentityConvolutionIsTheNormOfTheInput) {
  if (shape.out != channels) return;  // has no identity
  const Affine norm{random_values(channels, 11), random_values(channels, 12)};
  std::vector<double> expected = x;
  for (size_t i = 0; i < x.size(); ++i) {
    const size_t channel = i / (kHeight * kWidth);
    expected[i] = x[i] * norm.scale[channel] + norm.shift[channel];
  }
  EXPECT_LT(largest_difference(run(identity_conv(shape, norm)), expected), 1e-13);
}

TEST_P(Folding, AddedIdentityIsAResidual) {
  if (shape.out != channels) return;  // has no identity
  FoldedConv conv = random_conv(shape, 1);
  std::vector<double> expected = run(conv);
  for (size_t i = 0; i < x.size(); ++i) expected[i] += x[i];
  add_identity(conv);
  EXPECT_LT(largest_difference(run(conv), expected), 1e-13);
}

INSTANTIATE_TEST_SUITE_P(Shapes, Folding,
                         testing::Values(Case{{4, 1, 3, 3}, 4}, Case{{4, 1, 7, 7}, 4},
                                         Case{{4, 1, 1, 11}, 4}, Case{{6, 1, 3, 3}, 3},
                                         Case{{4, 4, 1, 1}, 4}, Case{{5, 3, 3, 3}, 3}),
                         [](const auto& at) {
                           const ConvShape& s = at.param.shape;
                           return fmt::format("{}x{}x{}x{}", s.out, s.in, s.kh, s.kw);
                         });

TEST(Folding, KernelThatDoesNotFitIsRefused) {
  FoldedConv small = random_conv({2, 1, 3, 3}, 1);
  EXPECT_THROW(add_centred(small, random_conv({2, 1, 7, 7}, 2)), Error);
  EXPECT_THROW(add_centred(small, random_conv({3, 1, 1, 1}, 2)), Error);
}

}  // namespace
}  // namespace mobileclip
