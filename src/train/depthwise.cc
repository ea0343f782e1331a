#include "train/depthwise.h"

#include <ATen/Parallel.h>

#include <algorithm>

#include "kernels/depthwise_train.h"

namespace mobileclip::train {
namespace {

using kernels::kPlaneBlock;
using kernels::PlaneConv;

// Images are cut into this many parts whatever the number of threads: sums keep their order.
constexpr int64_t kParts = 8;

PlaneConv shape_of(const torch::Tensor& x, const torch::Tensor& weight, int64_t stride,
                   int64_t pad_h, int64_t pad_w) {
  const auto size = [](int64_t v) { return static_cast<size_t>(v); };
  return {size(x.size(1)),      size(weight.size(0) / x.size(1)),
          size(x.size(2)),      size(x.size(3)),
          size(weight.size(2)), size(weight.size(3)),
          size(stride),         size(pad_h),
          size(pad_w)};
}

/// body(first channel, part, begin, end) for all channel blocks and parts of the images.
template <typename Body>
void for_blocks(const PlaneConv& s, int64_t n, const Body& body) {
  const auto blocks = static_cast<int64_t>((s.channels + kPlaneBlock - 1) / kPlaneBlock);
  at::parallel_for(0, blocks * kParts, 1, [&](int64_t begin, int64_t end) {
    for (int64_t task = begin; task < end; ++task) {
      const int64_t part = task % kParts;
      const int64_t from = n * part / kParts, to = n * (part + 1) / kParts;
      if (from < to) body(static_cast<size_t>(task / kParts) * kPlaneBlock, part, from, to);
    }
  });
}

struct DepthwiseFunction : torch::autograd::Function<DepthwiseFunction> {
  static torch::Tensor forward(torch::autograd::AutogradContext* context, torch::Tensor x,
                               torch::Tensor weight, int64_t stride, int64_t pad_h, int64_t pad_w) {
    x = x.contiguous();
    weight = weight.contiguous();
    const PlaneConv s = shape_of(x, weight, stride, pad_h, pad_w);
    torch::Tensor y =
        torch::empty({x.size(0), static_cast<int64_t>(s.out_channels()),
                      static_cast<int64_t>(s.out_height()), static_cast<int64_t>(s.out_width())});
    const float* from = x.data_ptr<float>();
    const float* taps = weight.data_ptr<float>();
    float* to = y.data_ptr<float>();
    for_blocks(s, x.size(0), [&](size_t first, int64_t, int64_t begin, int64_t end) {
      kernels::plane_conv(s, from + static_cast<size_t>(begin) * s.in_size(), taps,
                          static_cast<size_t>(end - begin), first,
                          to + static_cast<size_t>(begin) * s.out_size());
    });
    context->save_for_backward({x, weight});
    context->saved_data["stride"] = stride;
    context->saved_data["pad_h"] = pad_h;
    context->saved_data["pad_w"] = pad_w;
    return y;
  }

  static torch::autograd::tensor_list backward(torch::autograd::AutogradContext* context,
                                               torch::autograd::tensor_list gradients) {
    const auto saved = context->get_saved_variables();
    const torch::Tensor &x = saved[0], &weight = saved[1];
    const torch::Tensor dy = gradients[0].contiguous();
    const PlaneConv s =
        shape_of(x, weight, context->saved_data["stride"].toInt(),
                 context->saved_data["pad_h"].toInt(), context->saved_data["pad_w"].toInt());
    const float* g = dy.data_ptr<float>();
    torch::Tensor dx, dw;
    if (context->needs_input_grad(0)) {
      dx = torch::empty_like(x);
      for_blocks(s, x.size(0), [&](size_t first, int64_t, int64_t begin, int64_t end) {
        kernels::plane_conv_input_gradient(
            s, g + static_cast<size_t>(begin) * s.out_size(), weight.data_ptr<float>(),
            static_cast<size_t>(end - begin), first,
            dx.data_ptr<float>() + static_cast<size_t>(begin) * s.in_size());
      });
    }
    if (context->needs_input_grad(1)) {
      const torch::Tensor parts = torch::zeros({kParts, weight.numel()});
      for_blocks(s, x.size(0), [&](size_t first, int64_t part, int64_t begin, int64_t end) {
        kernels::plane_conv_weight_gradient(
            s, x.data_ptr<float>() + static_cast<size_t>(begin) * s.in_size(),
            g + static_cast<size_t>(begin) * s.out_size(), static_cast<size_t>(end - begin), first,
            parts.data_ptr<float>() + part * weight.numel());
      });
      dw = parts.sum(0).view_as(weight);
    }
    return {dx, dw, {}, {}, {}};
  }
};

}  // namespace

torch::Tensor depthwise_conv(const torch::Tensor& x, const torch::Tensor& weight, int64_t stride,
                             int64_t pad_h, int64_t pad_w) {
  if (x.scalar_type() != torch::kFloat32 || weight.scalar_type() != torch::kFloat32) {
    return torch::conv2d(x, weight, {}, {stride, stride}, {pad_h, pad_w}, {1, 1}, x.size(1));
  }
  return DepthwiseFunction::apply(x, weight, stride, pad_h, pad_w);
}

}  // namespace mobileclip::train
