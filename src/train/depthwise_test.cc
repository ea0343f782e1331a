#include "train/depthwise.h"

#include <gtest/gtest.h>

namespace mobileclip::train {
namespace {

struct Case {
  int64_t n, channels, multiplier, height, width, kh, kw, stride;
};

double relative(const torch::Tensor& a, const torch::Tensor& b) {
  return ((a - b).norm() / (b.norm() + 1e-12)).item<double>();
}

TEST(Depthwise, ForwardAndGradientsEqualConv2d) {
  torch::manual_seed(3);
  for (const Case& c : {Case{3, 16, 1, 12, 12, 7, 7, 1}, Case{9, 32, 2, 12, 12, 7, 7, 2},
                        Case{1, 5, 2, 5, 7, 3, 3, 2}, Case{4, 40, 1, 2, 2, 7, 7, 1},
                        Case{2, 33, 1, 3, 3, 3, 3, 1}, Case{5, 96, 1, 1, 16, 1, 11, 1},
                        Case{17, 20, 1, 24, 24, 3, 3, 2}, Case{2, 7, 1, 6, 5, 1, 1, 2}}) {
    torch::Tensor x = torch::randn({c.n, c.channels, c.height, c.width}).requires_grad_();
    torch::Tensor w = torch::randn({c.channels * c.multiplier, 1, c.kh, c.kw}).requires_grad_();
    torch::Tensor x2 = x.detach().to(torch::kFloat64).requires_grad_();
    torch::Tensor w2 = w.detach().to(torch::kFloat64).requires_grad_();
    const int64_t ph = (c.kh - 1) / 2, pw = (c.kw - 1) / 2;
    const torch::Tensor y = depthwise_conv(x, w, c.stride, ph, pw);
    const torch::Tensor y2 =
        torch::conv2d(x2, w2, {}, {c.stride, c.stride}, {ph, pw}, {1, 1}, c.channels);
    ASSERT_EQ(y.sizes(), y2.sizes());
    const torch::Tensor g = torch::randn_like(y);
    y.backward(g);
    y2.backward(g.to(torch::kFloat64));
    EXPECT_LT(relative(y, y2), 1e-6) << c.channels << " " << c.height;
    EXPECT_LT(relative(x.grad(), x2.grad()), 1e-6) << c.channels << " " << c.height;
    EXPECT_LT(relative(w.grad(), w2.grad()), 1e-6) << c.channels << " " << c.height;
  }
}

TEST(Depthwise, ThreadsDoNotChangeBits) {
  torch::manual_seed(4);
  const torch::Tensor x = torch::randn({19, 40, 6, 6}), g = torch::randn({19, 40, 6, 6});
  std::vector<torch::Tensor> first;
  for (const int threads : {1, 2, 4}) {
    torch::set_num_threads(threads);
    torch::Tensor input = x.clone().requires_grad_();
    torch::Tensor w = torch::ones({40, 1, 7, 7}).requires_grad_();
    depthwise_conv(input, w, 1, 3, 3).backward(g);
    if (first.empty()) first = {input.grad(), w.grad()};
    EXPECT_TRUE(torch::equal(first[0], input.grad()));
    EXPECT_TRUE(torch::equal(first[1], w.grad()));
  }
}

}  // namespace
}  // namespace mobileclip::train
