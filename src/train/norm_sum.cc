#include "train/norm_sum.h"

#include <ATen/Parallel.h>

#include <array>
#include <cmath>

#include "kernels/norm_train.h"

namespace mobileclip::train {
namespace {

using kernels::ChannelPlanes;
using kernels::kMaxBranches;
using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

constexpr double kEps = 1e-5;
constexpr double kMomentum = 0.1;

ChannelPlanes planes_of(const torch::Tensor& x) {
  const int64_t plane = x.numel() / (x.size(0) * x.size(1));
  return {static_cast<size_t>(x.size(0)), static_cast<size_t>(plane),
          static_cast<size_t>(x.size(1) * plane)};
}

/// The branches of one channel as the kernels take them.
struct Channel {
  Channel(const variable_list& x, int64_t c, size_t plane) {
    for (size_t b = 0; b < x.size(); ++b) {
      values[b] = x[b].data_ptr<float>() + static_cast<size_t>(c) * plane;
    }
  }
  std::array<const float*, kMaxBranches> values{};
};

/// Those of four that are not empty: an undefined one cannot be an argument.
variable_list present(const variable_list& x) {
  variable_list out;
  for (const torch::Tensor& one : x) {
    if (one.numel() > 0) out.push_back(one);
  }
  return out;
}

/// x0 … x3 (missing ones empty); weight, bias: B × C; statistics: 2 × B × C, means and
/// reciprocal deviations, constants of the graph when `fixed`; signs: B.
struct NormSumFunction : torch::autograd::Function<NormSumFunction> {
  static torch::Tensor forward(AutogradContext* context, const torch::Tensor& x0,
                               const torch::Tensor& x1, const torch::Tensor& x2,
                               const torch::Tensor& x3, const torch::Tensor& weight,
                               const torch::Tensor& bias, const torch::Tensor& statistics,
                               const torch::Tensor& signs, bool fixed, bool gelu) {
    const variable_list x = present({x0, x1, x2, x3});
    // The sum is Σ scale · x + shift.
    const torch::Tensor a = weight * statistics[1] * signs.unsqueeze(1);
    const torch::Tensor scale = a.t().contiguous();  // C × B
    const torch::Tensor shift = (bias * signs.unsqueeze(1) - a * statistics[0]).sum(0);
    torch::Tensor y = torch::empty_like(x[0]);
    const ChannelPlanes at = planes_of(y);
    at::parallel_for(0, y.size(1), 1, [&](int64_t begin, int64_t end) {
      for (int64_t c = begin; c < end; ++c) {
        const Channel channel(x, c, at.plane);
        kernels::combine_planes(at, x.size(), channel.values.data(),
                                scale.data_ptr<float>() + c * scale.size(1),
                                shift.data_ptr<float>()[c], gelu,
                                y.data_ptr<float>() + static_cast<size_t>(c) * at.plane);
      }
    });
    variable_list saved = x;
    saved.insert(saved.end(), {statistics, signs, scale, shift});
    context->save_for_backward(saved);
    context->saved_data["fixed"] = fixed;
    context->saved_data["gelu"] = gelu;
    return y;
  }

  static variable_list backward(AutogradContext* context, variable_list gradients) {
    const variable_list saved = context->get_saved_variables();
    const size_t branches = saved.size() - 4;
    const variable_list x(saved.begin(), saved.begin() + static_cast<ptrdiff_t>(branches));
    const torch::Tensor &scale = saved[branches + 2], &shift = saved[branches + 3];
    const torch::Tensor dy = gradients[0].contiguous();
    const bool gelu = context->saved_data["gelu"].toBool();
    torch::Tensor dz = torch::empty_like(dy);
    torch::Tensor sums = torch::zeros({dy.size(1), scale.size(1) + 1}, torch::kFloat64);
    const ChannelPlanes at = planes_of(dy);
    at::parallel_for(0, dy.size(1), 1, [&](int64_t begin, int64_t end) {
      for (int64_t c = begin; c < end; ++c) {
        const Channel channel(x, c, at.plane);
        const size_t offset = static_cast<size_t>(c) * at.plane;
        kernels::combine_gradient(
            at, branches, channel.values.data(), scale.data_ptr<float>() + c * scale.size(1),
            shift.data_ptr<float>()[c], gelu, dy.data_ptr<float>() + offset,
            dz.data_ptr<float>() + offset, sums.data_ptr<double>() + c * sums.size(1));
      }
    });
    return input_gradients(context, saved, dz, sums);
  }

  static variable_list input_gradients(AutogradContext* context, const variable_list& saved,
                                       const torch::Tensor& dz, const torch::Tensor& sums) {
    const size_t branches = saved.size() - 4;
    const torch::Tensor statistics = saved[branches].to(torch::kFloat64);
    const torch::Tensor signs = saved[branches + 1].to(torch::kFloat64).unsqueeze(1);
    const torch::Tensor a = saved[branches + 2].t().to(torch::kFloat64);  // B × C
    const ChannelPlanes at = planes_of(dz);
    const double count = static_cast<double>(at.images * at.plane);
    const torch::Tensor total = sums.select(1, 0).unsqueeze(0);  // 1 × C: Σ dz
    const torch::Tensor product =                                // B × C: Σ dz · x̂
        (sums.narrow(1, 1, a.size(0)).t() - statistics[0] * total) * statistics[1];
    variable_list out(10);
    out[4] = (signs * product).to(torch::kFloat32);
    out[5] = (signs * total).to(torch::kFloat32);
    torch::Tensor p = torch::zeros_like(a), q = torch::zeros_like(a);
    if (!context->saved_data["fixed"].toBool()) {
      p = -a * statistics[1] * product / count;
      q = -a * total / count - p * statistics[0];
    }
    const torch::Tensor a32 = a.to(torch::kFloat32).contiguous(),
                        p32 = p.to(torch::kFloat32).contiguous(),
                        q32 = q.to(torch::kFloat32).contiguous();
    for (size_t b = 0; b < branches; ++b) {
      const auto i = static_cast<int64_t>(b);
      if (context->needs_input_grad(b)) {
        out[b] = branch_gradient(at, dz, saved[b], a32[i], p32[i], q32[i]);
      }
    }
    return out;
  }

  static torch::Tensor branch_gradient(const ChannelPlanes& at, const torch::Tensor& dz,
                                       const torch::Tensor& x, const torch::Tensor& a,
                                       const torch::Tensor& p, const torch::Tensor& q) {
    torch::Tensor dx = torch::empty_like(x);
    at::parallel_for(0, x.size(1), 1, [&](int64_t begin, int64_t end) {
      for (int64_t c = begin; c < end; ++c) {
        const size_t offset = static_cast<size_t>(c) * at.plane;
        kernels::branch_gradient(at, dz.data_ptr<float>() + offset, x.data_ptr<float>() + offset,
                                 a.data_ptr<float>()[c], p.data_ptr<float>()[c],
                                 q.data_ptr<float>()[c], dx.data_ptr<float>() + offset);
      }
    });
    return dx;
  }
};

/// Means and biased variances of the batch, per channel.
std::pair<torch::Tensor, torch::Tensor> batch_statistics(const torch::Tensor& x) {
  const ChannelPlanes at = planes_of(x);
  const double count = static_cast<double>(at.images * at.plane);
  torch::Tensor mean = torch::empty({x.size(1)}), variance = torch::empty({x.size(1)});
  at::parallel_for(0, x.size(1), 1, [&](int64_t begin, int64_t end) {
    for (int64_t c = begin; c < end; ++c) {
      const kernels::PlaneSums sums =
          kernels::plane_sums(at, x.data_ptr<float>() + static_cast<size_t>(c) * at.plane);
      const double m = sums.sum / count;
      mean.data_ptr<float>()[c] = static_cast<float>(m);
      variance.data_ptr<float>()[c] =
          static_cast<float>(std::max(0.0, sums.squares / count - m * m));
    }
  });
  return {mean, variance};
}

void update_running(const BatchNorm& norm, const torch::Tensor& mean, const torch::Tensor& variance,
                    int64_t count) {
  const double unbiased = static_cast<double>(count) / static_cast<double>(count - 1);
  norm.mean.mul_(1 - kMomentum).add_(mean, kMomentum);
  norm.variance.mul_(1 - kMomentum).add_(variance, kMomentum * unbiased);
  norm.count.add_(1);
}

/// 2 × B × C; updates the running statistics in kTrain. Terms of one tensor share their sums.
torch::Tensor statistics_of(const std::vector<NormTerm>& terms, const variable_list& x, Mode mode) {
  const torch::NoGradGuard no_grad;
  std::vector<torch::Tensor> means, reciprocals;
  std::pair<torch::Tensor, torch::Tensor> batch;
  for (size_t b = 0; b < terms.size(); ++b) {
    const BatchNorm& norm = *terms[b].norm;
    if (mode == Mode::kEval) {
      means.push_back(norm.mean);
      reciprocals.push_back((norm.variance + kEps).rsqrt());
      continue;
    }
    if (b == 0 || !x[b].is_same(x[b - 1])) batch = batch_statistics(x[b]);
    if (mode == Mode::kTrain) {
      update_running(norm, batch.first, batch.second, x[b].numel() / x[b].size(1));
    }
    means.push_back(batch.first);
    reciprocals.push_back((batch.second + kEps).rsqrt());
  }
  return torch::stack({torch::stack(means), torch::stack(reciprocals)});
}

}  // namespace

torch::Tensor norm_sum_reference(const std::vector<NormTerm>& terms, Mode mode, bool gelu) {
  torch::Tensor sum;
  for (const NormTerm& term : terms) {
    const torch::Tensor y = term.norm->forward(term.x, mode) * term.sign;
    sum = sum.defined() ? sum + y : y;
  }
  return gelu ? torch::gelu(sum) : sum;
}

torch::Tensor norm_sum(const std::vector<NormTerm>& terms, Mode mode, bool gelu) {
  if (terms[0].x.scalar_type() != torch::kFloat32 ||
      (terms[0].x.numel() == terms[0].x.size(1) && mode != Mode::kEval)) {
    return norm_sum_reference(terms, mode, gelu);
  }
  variable_list x, weights, biases;
  torch::Tensor signs = torch::empty({static_cast<int64_t>(terms.size())});
  for (size_t i = 0; i < terms.size(); ++i) {
    // One contiguous tensor for all terms that share one.
    const bool shared = i > 0 && terms[i].x.is_same(terms[i - 1].x);
    x.push_back(shared ? x.back() : terms[i].x.contiguous());
    weights.push_back(terms[i].norm->weight);
    biases.push_back(terms[i].norm->bias);
    signs[static_cast<int64_t>(i)] = terms[i].sign;
  }
  const torch::Tensor statistics = statistics_of(terms, x, mode);
  x.resize(kMaxBranches, torch::empty({0}));
  return NormSumFunction::apply(x[0], x[1], x[2], x[3], torch::stack(weights), torch::stack(biases),
                                statistics, signs, mode == Mode::kEval, gelu);
}

}  // namespace mobileclip::train
