#include "train/attention.h"

#include <ATen/Parallel.h>

#include <cmath>
#include <limits>

#include "kernels/attention_train.h"

namespace mobileclip::train {
namespace {

/// Sizes and pointers of one packed projection.
struct Packed {
  Packed(const torch::Tensor& qkv, int64_t head_count, bool is_causal)
      : tokens(qkv.size(1)), dim(qkv.size(2) / 3), heads(head_count) {
    head = {static_cast<size_t>(tokens), static_cast<size_t>(dim / heads),
            static_cast<size_t>(3 * dim), static_cast<size_t>(dim), is_causal};
  }
  /// Offset of q of head `task % heads` of item `task / heads`; k and v are dim and 2 dim further.
  int64_t packed_offset(int64_t task) const {
    return task / heads * tokens * 3 * dim + task % heads * (dim / heads);
  }
  int64_t out_offset(int64_t task) const {
    return task / heads * tokens * dim + task % heads * (dim / heads);
  }
  int64_t tokens, dim, heads;
  kernels::AttentionHead head;
};

struct AttendFunction : torch::autograd::Function<AttendFunction> {
  static torch::Tensor forward(torch::autograd::AutogradContext* context, torch::Tensor qkv,
                               int64_t heads, bool causal) {
    qkv = qkv.contiguous();
    const Packed s(qkv, heads, causal);
    torch::Tensor out = torch::empty({qkv.size(0), s.tokens, s.dim});
    torch::Tensor probabilities = torch::empty({qkv.size(0), heads, s.tokens, s.tokens});
    const float* from = qkv.data_ptr<float>();
    at::parallel_for(0, qkv.size(0) * heads, 16, [&](int64_t begin, int64_t end) {
      for (int64_t task = begin; task < end; ++task) {
        const float* q = from + s.packed_offset(task);
        kernels::attention_forward(s.head, q, q + s.dim, q + 2 * s.dim,
                                   probabilities.data_ptr<float>() + task * s.tokens * s.tokens,
                                   out.data_ptr<float>() + s.out_offset(task));
      }
    });
    context->save_for_backward({qkv, probabilities});
    context->saved_data["heads"] = heads;
    context->saved_data["causal"] = causal;
    return out;
  }

  static torch::autograd::tensor_list backward(torch::autograd::AutogradContext* context,
                                               torch::autograd::tensor_list gradients) {
    const auto saved = context->get_saved_variables();
    const torch::Tensor &qkv = saved[0], &probabilities = saved[1];
    const Packed s(qkv, context->saved_data["heads"].toInt(),
                   context->saved_data["causal"].toBool());
    const torch::Tensor d_out = gradients[0].contiguous();
    torch::Tensor d_qkv = torch::empty_like(qkv);
    at::parallel_for(0, qkv.size(0) * s.heads, 16, [&](int64_t begin, int64_t end) {
      for (int64_t task = begin; task < end; ++task) {
        const float* q = qkv.data_ptr<float>() + s.packed_offset(task);
        float* dq = d_qkv.data_ptr<float>() + s.packed_offset(task);
        kernels::attention_backward(s.head, q, q + s.dim, q + 2 * s.dim,
                                    probabilities.data_ptr<float>() + task * s.tokens * s.tokens,
                                    d_out.data_ptr<float>() + s.out_offset(task), dq, dq + s.dim,
                                    dq + 2 * s.dim);
      }
    });
    return {d_qkv, {}, {}};
  }
};

}  // namespace

torch::Tensor attend_reference(const torch::Tensor& qkv, int64_t heads, bool causal) {
  const int64_t b = qkv.size(0), t = qkv.size(1), d = qkv.size(2) / 3;
  const torch::Tensor split = qkv.view({b, t, 3, heads, d / heads}).permute({2, 0, 3, 1, 4});
  const double scale = std::pow(static_cast<double>(d / heads), -0.5);
  torch::Tensor scores = torch::matmul(split[0] * scale, split[1].transpose(-2, -1));
  if (causal) {
    const auto ones = torch::ones({t, t}, torch::TensorOptions().dtype(torch::kBool));
    scores = scores.masked_fill(ones.triu(1), -std::numeric_limits<float>::infinity());
  }
  return torch::matmul(torch::softmax(scores, -1), split[2]).transpose(1, 2).reshape({b, t, d});
}

torch::Tensor attend(const torch::Tensor& qkv, int64_t heads, bool causal) {
  if (qkv.scalar_type() != torch::kFloat32) return attend_reference(qkv, heads, causal);
  return AttendFunction::apply(qkv, heads, causal);
}

torch::Tensor linear_rows(const torch::Tensor& x, const torch::Tensor& weight,
                          const torch::Tensor& bias) {
  std::vector<int64_t> shape = x.sizes().vec();
  const torch::Tensor rows = x.reshape({-1, shape.back()});
  shape.back() = weight.size(0);
  const torch::Tensor y =
      bias.defined() ? torch::addmm(bias, rows, weight.t()) : torch::mm(rows, weight.t());
  return y.view(shape);
}

}  // namespace mobileclip::train
