#include "train/norm_sum.h"

#include <gtest/gtest.h>

#include <deque>

namespace mobileclip::train {
namespace {

double relative(const torch::Tensor& a, const torch::Tensor& b) {
  return ((a - b).norm() / (b.norm() + 1e-12)).item<double>();
}

/// Batch norms with random weights, twice: for the kernels and, in float64, for the reference.
struct Norms {
  Norms(int64_t channels, torch::ScalarType type, size_t count) {
    torch::manual_seed(17);
    for (size_t i = 0; i < count; ++i) {
      norms.emplace_back(BatchNorm(
          (torch::rand({channels}) + 0.5).to(type).requires_grad_(),
          torch::randn({channels}).to(type).requires_grad_(), torch::randn({channels}).to(type),
          (torch::rand({channels}) + 0.5).to(type), torch::zeros({}, torch::kInt64)));
    }
  }
  std::deque<BatchNorm> norms;
};

void compare(int64_t n, int64_t c, int64_t h, int64_t w, Mode mode, bool gelu) {
  Norms ours(c, torch::kFloat32, 4), theirs(c, torch::kFloat64, 4);
  torch::manual_seed(5);
  std::vector<torch::Tensor> x, x64;
  for (int i = 0; i < 2; ++i) {
    x.push_back((torch::randn({n, c, h, w}) * 2 + 1).requires_grad_());
    x64.push_back(x.back().detach().to(torch::kFloat64).requires_grad_());
  }
  std::vector<NormTerm> terms, terms64;
  for (size_t i = 0; i < 4; ++i) {  // two terms each share a tensor
    terms.push_back({x[i / 2], &ours.norms[i], i == 3 ? -1.0F : 1.0F});
    terms64.push_back({x64[i / 2], &theirs.norms[i], i == 3 ? -1.0F : 1.0F});
  }
  const torch::Tensor y = norm_sum(terms, mode, gelu);
  const torch::Tensor y64 = norm_sum_reference(terms64, mode, gelu);
  EXPECT_LT(relative(y, y64), 2e-6);
  const torch::Tensor g = torch::randn_like(y);
  y.backward(g);
  y64.backward(g.to(torch::kFloat64));
  for (size_t i = 0; i < 2; ++i) EXPECT_LT(relative(x[i].grad(), x64[i].grad()), 5e-6);
  for (size_t i = 0; i < 4; ++i) {
    EXPECT_LT(relative(ours.norms[i].weight.grad(), theirs.norms[i].weight.grad()), 5e-6);
    EXPECT_LT(relative(ours.norms[i].bias.grad(), theirs.norms[i].bias.grad()), 5e-6);
    EXPECT_LT(relative(ours.norms[i].mean, theirs.norms[i].mean), 1e-6);
    EXPECT_LT(relative(ours.norms[i].variance, theirs.norms[i].variance), 1e-5);
    EXPECT_EQ(ours.norms[i].count.item<int64_t>(), mode == Mode::kTrain ? 1 : 0);
  }
}

TEST(NormSum, ValuesGradientsAndStatisticsEqualTorchInFloat64) {
  for (const Mode mode : {Mode::kTrain, Mode::kTrainAgain, Mode::kEval}) {
    for (const bool gelu : {false, true}) {
      compare(4, 5, 12, 12, mode, gelu);
      compare(7, 33, 3, 3, mode, gelu);
      compare(9, 2, 1, 16, mode, gelu);
      compare(3, 4, 1, 1, mode, gelu);
    }
  }
}

}  // namespace
}  // namespace mobileclip::train
