#include "train/loss.h"

#include <gtest/gtest.h>

#include <fstream>
#include <nlohmann/json.hpp>

#include "base/error.h"

namespace mobileclip::train {
namespace {

using nlohmann::json;

torch::Tensor matrix(const json& rows) {
  const auto values = rows.get<std::vector<std::vector<double>>>();
  torch::Tensor out =
      torch::empty({static_cast<int64_t>(values.size()), static_cast<int64_t>(values[0].size())},
                   torch::kFloat64);
  for (size_t i = 0; i < values.size(); ++i) {
    for (size_t j = 0; j < values[i].size(); ++j) {
      out[static_cast<int64_t>(i)][static_cast<int64_t>(j)] = values[i][j];
    }
  }
  return out;
}

/// Per-teacher matrices side by side.
torch::Tensor side_by_side(const json& teachers) {
  std::vector<torch::Tensor> parts;
  for (const json& one : teachers) parts.push_back(matrix(one));
  return torch::cat(parts, 1);
}

/// All of one step: both passes, differentiable.
struct Step {
  torch::Tensor u, v, w, t;
  torch::Tensor a, b, c;
  LossOptions options;
  PassLoss real, synthetic;

  torch::Tensor total() {
    real = contrastive_pass({u, v, a, b, 0}, t.exp(), options);
    synthetic = contrastive_pass({u, w, a, c, 0}, t.exp(), options);
    return real.total + synthetic.total;
  }
  void require_gradients() {
    for (torch::Tensor* x : {&u, &v, &w, &t}) x->set_requires_grad(true);
  }
};

double largest(const torch::Tensor& a, const torch::Tensor& b) {
  return (a - b).abs().max().item<double>();
}

// spec/training §9, the hand golden.
Step hand_golden() {
  const auto rows = [](std::vector<double> values, int64_t columns) {
    return torch::tensor(values, torch::kFloat64).view({-1, columns}).clone();
  };
  Step s;
  s.u = rows({1, 0, .6, .8, 0, 1}, 2);
  s.v = rows({.8, .6, 0, 1, -.6, .8}, 2);
  s.w = rows({1, 0, .8, .6, .28, .96}, 2);
  s.a = rows({1, 0, .6, .8, .8, .6, 1, 0, 0, 1, 0, 1}, 4);
  s.b = rows({.96, .28, .8, .6, .6, .8, .96, .28, 0, 1, -.6, .8}, 4);
  s.c = rows({1, 0, .6, .8, .28, .96, 1, 0, .6, .8, 0, 1}, 4);
  s.t = torch::tensor(std::log(10.0), torch::kFloat64);
  s.options = {.25, .75, {{2, 7}, {2, 6}}};
  return s;
}

TEST(Loss, HandGolden) {
  Step s = hand_golden();
  s.require_gradients();
  const torch::Tensor total = s.total();
  total.backward();
  EXPECT_NEAR(s.real.clip.item<double>(), 1.311157518, 1e-9);
  EXPECT_NEAR(s.synthetic.clip.item<double>(), 0.259273960, 1e-9);
  EXPECT_NEAR(s.real.distill.item<double>(), 1.654874448, 1e-9);
  EXPECT_NEAR(s.synthetic.distill.item<double>(), 1.627038245, 1e-9);
  EXPECT_NEAR(total.item<double>(), 2.854042389, 1e-9);
  EXPECT_NEAR(s.t.grad().item<double>(), 2.115527727, 1e-9);
  const auto expect = [](const torch::Tensor& got, std::vector<double> values) {
    EXPECT_LT(largest(got, torch::tensor(values, torch::kFloat64).view({3, 2})), 1e-9);
  };
  expect(s.u.grad(),
         {-0.031035344, -0.966714959, 1.419794962, -0.334993611, -0.264910227, 1.562680983});
  expect(s.v.grad(),
         {0.437437710, 1.348703775, -1.636851479, 0.998841105, -0.066043054, -1.171854780});
  expect(s.w.grad(),
         {0.114993817, -0.508050869, 0.384929225, -0.842875231, 0.029744411, 0.968574673});
}

TEST(Loss, OneSoftmaxOverConcatenatedTeachers) {
  Step s = hand_golden();
  s.options.average = TeacherAverage::kLogits;
  s.total();
  EXPECT_NEAR(s.real.distill.item<double>(), 1.261754189, 1e-9);
}

TEST(Loss, GoldenCasesWithAllGradients) {
  std::ifstream file(MOBILECLIP_TEST_DATA "/train/losses.json");
  const json cases = json::parse(file);
  ASSERT_EQ(cases.size(), 5U);
  for (const json& one : cases) {
    Step s;
    s.u = matrix(one["U"]);
    s.v = matrix(one["V"]);
    s.w = matrix(one["W"]);
    s.a = side_by_side(one["A"]);
    s.b = side_by_side(one["B"]);
    s.c = side_by_side(one["C"]);
    s.t = torch::tensor(one["log_scale"].get<double>(), torch::kFloat64);
    s.options.clip_weight = one["w0"];
    s.options.distill_weight = one["w1"];
    for (size_t k = 0; k < one["teacher_dims"].size(); ++k) {
      s.options.teachers.push_back({one["teacher_dims"][k], one["teacher_scales"][k]});
    }
    s.require_gradients();
    const torch::Tensor total = s.total();
    total.backward();
    EXPECT_NEAR(total.item<double>(), one["total"].get<double>(), 1e-10);
    const auto check = [&](const torch::Tensor& term, const char* pass, const char* name) {
      if (term.defined()) {
        EXPECT_NEAR(term.item<double>(), one["parts"][pass][name].get<double>(), 1e-10);
      }
    };
    check(s.real.clip, "real", "clip");
    check(s.real.distill, "real", "kd");
    check(s.synthetic.clip, "synthetic", "clip");
    check(s.synthetic.distill, "synthetic", "kd");
    EXPECT_LT(largest(s.u.grad(), matrix(one["dU"])), 1e-10);
    EXPECT_LT(largest(s.v.grad(), matrix(one["dV"])), 1e-10);
    EXPECT_LT(largest(s.w.grad(), matrix(one["dW"])), 1e-10);
    EXPECT_NEAR(s.t.grad().item<double>(), one["dt"].get<double>(), 1e-9);
  }
}

Step random_step(int64_t n, std::vector<TeacherSpec> teachers, torch::ScalarType type) {
  torch::manual_seed(n);
  int64_t dim = 0;
  for (const TeacherSpec& teacher : teachers) dim += teacher.dim;
  const auto unit = [&](int64_t columns) {
    const torch::Tensor x = torch::randn({n, columns}, torch::kFloat64);
    return (x / x.norm(2, 1, true)).to(type);
  };
  Step s;
  s.u = unit(8), s.v = unit(8), s.w = unit(8);
  s.a = unit(dim), s.b = unit(dim), s.c = unit(dim);
  s.t = torch::tensor(std::log(20.0), torch::kFloat64).to(type);
  s.options = {.25, .75, std::move(teachers)};
  return s;
}

TEST(Loss, Float32IsCloseToFloat64) {
  for (const size_t teachers : {1U, 2U, 3U}) {
    const std::vector<TeacherSpec> all{{5, 100}, {9, 70}, {3, 60}};
    const std::vector<TeacherSpec> some(all.begin(), all.begin() + static_cast<long>(teachers));
    Step wide = random_step(32, some, torch::kFloat64);
    Step narrow = random_step(32, some, torch::kFloat32);
    wide.require_gradients(), narrow.require_gradients();
    const torch::Tensor a = wide.total(), b = narrow.total();
    a.backward(), b.backward();
    EXPECT_NEAR(b.item<double>() / a.item<double>(), 1, 1e-5);
    EXPECT_LT(((narrow.u.grad() - wide.u.grad()).norm() / wide.u.grad().norm()).item<double>(),
              1e-4);
  }
}

// spec/training §1.7.
TEST(Loss, ClosedFormGradientAndDifferences) {
  Step s = random_step(6, {{4, 9}, {3, 5}}, torch::kFloat64);
  s.require_gradients();
  s.total().backward();
  const auto closed = [&](const torch::Tensor& x, const torch::Tensor& teacher_text) {
    const torch::NoGradGuard no_grad;
    const torch::Tensor eye = torch::eye(6, torch::kFloat64);
    const torch::Tensor z = s.t.exp() * torch::matmul(s.u, x.t());
    const torch::Tensor p = teacher_targets(s.a, teacher_text, s.options);
    const torch::Tensor q = teacher_targets(teacher_text, s.a, s.options);
    const torch::Tensor target = .25 * eye + .75 * p, target_t = .25 * eye + .75 * q;
    return ((torch::softmax(z, 1) - target) + (torch::softmax(z.t(), 1) - target_t).t()) / 12;
  };
  const torch::NoGradGuard no_grad;
  const torch::Tensor g = closed(s.v, s.b), h = closed(s.w, s.c);
  const torch::Tensor scale = s.t.exp();
  EXPECT_LT(largest(s.u.grad(), scale * (torch::matmul(g, s.v) + torch::matmul(h, s.w))), 1e-12);
  EXPECT_LT(largest(s.v.grad(), scale * torch::matmul(g.t(), s.u)), 1e-12);
  const double step = 1e-6;
  s.t += step;
  const double above = s.total().item<double>();
  s.t -= 2 * step;
  const double below = s.total().item<double>();
  EXPECT_NEAR(s.t.grad().item<double>(), (above - below) / (2 * step), 1e-6);
}

TEST(Loss, Invariants) {
  // The teacher is the student: the gradient vanishes and the value is the teacher's entropy.
  Step same = random_step(7, {{8, 20}}, torch::kFloat64);
  same.a = same.u.clone(), same.b = same.v.clone(), same.c = same.w.clone();
  same.options.clip_weight = 0, same.options.distill_weight = 1;
  same.require_gradients();
  same.total().backward();
  EXPECT_LT(same.u.grad().abs().max().item<double>(), 1e-12);
  const torch::Tensor p = teacher_targets(same.a, same.b, same.options);
  const torch::Tensor q = teacher_targets(same.b, same.a, same.options);
  const double entropy =
      -0.5 * ((p * p.log()).sum(1).mean() + (q * q.log()).sum(1).mean()).item<double>();
  EXPECT_NEAR(same.real.distill.item<double>(), entropy, 1e-9);

  // Copies of one teacher are that teacher; the order of the batch does not matter; w1 = 0 is CLIP.
  Step one = random_step(5, {{4, 30}}, torch::kFloat64), two = one;
  two.options.teachers = {{4, 30}, {4, 30}};
  two.a = torch::cat({one.a, one.a}, 1), two.b = torch::cat({one.b, one.b}, 1);
  two.c = torch::cat({one.c, one.c}, 1);
  const double value = one.total().item<double>();
  EXPECT_NEAR(two.total().item<double>(), value, 1e-12);
  Step turned = one;
  const torch::Tensor order = torch::tensor({3, 0, 4, 1, 2});
  for (torch::Tensor* x : {&turned.u, &turned.v, &turned.w, &turned.a, &turned.b, &turned.c}) {
    *x = x->index_select(0, order);
  }
  EXPECT_NEAR(turned.total().item<double>(), value, 1e-12);
  one.options = {1, 0, {}};
  EXPECT_NEAR(one.total().item<double>(), (one.real.clip + one.synthetic.clip).item<double>(),
              1e-12);
}

TEST(Loss, ATeacherThatIsNotUsedIsPassedOver) {
  Step both = random_step(6, {{4, 10}, {3, 20}}, torch::kFloat64), second = both;
  both.options.teachers[0].use = false;
  second.options.teachers = {{3, 20}};
  for (torch::Tensor* x : {&second.a, &second.b, &second.c}) *x = x->narrow(1, 4, 3);
  EXPECT_NEAR(both.total().item<double>(), second.total().item<double>(), 1e-12);
}

TEST(Loss, RefusesDimsThatDoNotAddUp) {
  Step s = random_step(4, {{4, 10}, {3, 10}}, torch::kFloat64);
  s.options.teachers[1].dim = 4;
  EXPECT_THROW(s.total(), Error);
  s.options.teachers[1].dim = 3;
  s.a = torch::Tensor();
  EXPECT_THROW(s.total(), Error);
}

}  // namespace
}  // namespace mobileclip::train
