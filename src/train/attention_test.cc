#include "train/attention.h"

#include <gtest/gtest.h>

namespace mobileclip::train {
namespace {

double relative(const torch::Tensor& a, const torch::Tensor& b) {
  return ((a - b).norm() / (b.norm() + 1e-12)).item<double>();
}

TEST(Attention, ValuesAndGradientsEqualTorchInFloat64) {
  torch::manual_seed(11);
  for (const auto& [tokens, dim, heads] : std::vector<std::tuple<int64_t, int64_t, int64_t>>{
           {1, 32, 1}, {4, 64, 2}, {16, 96, 3}, {77, 128, 2}, {5, 21, 3}}) {
    for (const bool causal : {false, true}) {
      torch::Tensor qkv = torch::randn({5, tokens, 3 * dim}).requires_grad_();
      torch::Tensor wide = qkv.detach().to(torch::kFloat64).requires_grad_();
      const torch::Tensor y = attend(qkv, heads, causal);
      const torch::Tensor y64 = attend_reference(wide, heads, causal);
      const torch::Tensor g = torch::randn_like(y);
      y.backward(g);
      y64.backward(g.to(torch::kFloat64));
      EXPECT_LT(relative(y, y64), 1e-6) << tokens;
      if (tokens == 1) continue;  // the gradient of q and k is exactly zero
      EXPECT_LT(relative(qkv.grad(), wide.grad()), 2e-6) << tokens;
    }
  }
}

TEST(Attention, LinearEqualsTorch) {
  const torch::Tensor x = torch::randn({3, 4, 5}).transpose(0, 1), w = torch::randn({7, 5});
  const torch::Tensor b = torch::randn({7});
  EXPECT_LT(relative(linear_rows(x, w, b), torch::linear(x, w, b)), 1e-6);
  EXPECT_LT(relative(linear_rows(x, w, {}), torch::linear(x, w)), 1e-6);
}

}  // namespace
}  // namespace mobileclip::train
