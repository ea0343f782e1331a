#include "kernels/attention_train.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/attention_train.cc"
#include <hwy/foreach_target.h>  // NOLINT: before highway.h
#include <hwy/highway.h>

HWY_BEFORE_NAMESPACE();
namespace mobileclip::kernels {
namespace HWY_NAMESPACE {

namespace hn = hwy::HWY_NAMESPACE;
using D = hn::ScalableTag<float>;

HWY_INLINE float Dot(const float* a, const float* b, size_t n) {
  const D d;
  const size_t lanes = hn::Lanes(d);
  auto sum = hn::Zero(d);
  size_t i = 0;
  for (; i + lanes <= n; i += lanes) {
    sum = hn::MulAdd(hn::LoadU(d, a + i), hn::LoadU(d, b + i), sum);
  }
  float total = hn::GetLane(hn::SumOfLanes(d, sum));
  for (; i < n; ++i) total += a[i] * b[i];
  return total;
}

/// y += factor · x.
HWY_INLINE void Add(float factor, const float* x, size_t n, float* y) {
  const D d;
  const size_t lanes = hn::Lanes(d);
  const auto f = hn::Set(d, factor);
  size_t i = 0;
  for (; i + lanes <= n; i += lanes) {
    hn::StoreU(hn::MulAdd(f, hn::LoadU(d, x + i), hn::LoadU(d, y + i)), d, y + i);
  }
  for (; i < n; ++i) y[i] += factor * x[i];
}

void Forward(const AttentionHead& h, const float* q, const float* k, const float* v,
             float* probabilities, float* out) {
  const float scale = 1.0F / std::sqrt(static_cast<float>(h.head_dim));
  for (size_t t = 0; t < h.tokens; ++t) {
    float* p = probabilities + t * h.tokens;
    const size_t seen = h.causal ? t + 1 : h.tokens;
    float peak = -std::numeric_limits<float>::infinity();
    for (size_t j = 0; j < seen; ++j) {
      p[j] = scale * Dot(q + t * h.stride, k + j * h.stride, h.head_dim);
      peak = std::max(peak, p[j]);
    }
    float sum = 0;
    for (size_t j = 0; j < seen; ++j) {
      p[j] = std::exp(p[j] - peak);
      sum += p[j];
    }
    std::fill(p + seen, p + h.tokens, 0.0F);
    float* row = out + t * h.out_stride;
    std::fill_n(row, h.head_dim, 0.0F);
    for (size_t j = 0; j < seen; ++j) {
      p[j] /= sum;
      Add(p[j], v + j * h.stride, h.head_dim, row);
    }
  }
}

void Backward(const AttentionHead& h, const float* q, const float* k, const float* v,
              const float* probabilities, const float* d_out, float* dq, float* dk, float* dv) {
  const float scale = 1.0F / std::sqrt(static_cast<float>(h.head_dim));
  for (size_t t = 0; t < h.tokens; ++t) {
    std::fill_n(dq + t * h.stride, h.head_dim, 0.0F);
    std::fill_n(dk + t * h.stride, h.head_dim, 0.0F);
    std::fill_n(dv + t * h.stride, h.head_dim, 0.0F);
  }
  std::vector<float> slope(h.tokens);
  for (size_t t = 0; t < h.tokens; ++t) {
    const float* p = probabilities + t * h.tokens;
    const float* g = d_out + t * h.out_stride;
    const size_t seen = h.causal ? t + 1 : h.tokens;
    float mean = 0;
    for (size_t j = 0; j < seen; ++j) {
      slope[j] = Dot(g, v + j * h.stride, h.head_dim);
      mean += p[j] * slope[j];
    }
    for (size_t j = 0; j < seen; ++j) {
      const float s = scale * p[j] * (slope[j] - mean);
      Add(s, k + j * h.stride, h.head_dim, dq + t * h.stride);
      Add(s, q + t * h.stride, h.head_dim, dk + j * h.stride);
      Add(p[j], g, h.head_dim, dv + j * h.stride);
    }
  }
}

}  // namespace HWY_NAMESPACE
}  // namespace mobileclip::kernels
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace mobileclip::kernels {

HWY_EXPORT(Forward);
HWY_EXPORT(Backward);

void attention_forward(const AttentionHead& head, const float* q, const float* k, const float* v,
                       float* probabilities, float* out) {
  HWY_DYNAMIC_DISPATCH(Forward)(head, q, k, v, probabilities, out);
}
void attention_backward(const AttentionHead& head, const float* q, const float* k, const float* v,
                        const float* probabilities, const float* d_out, float* dq, float* dk,
                        float* dv) {
  HWY_DYNAMIC_DISPATCH(Backward)(head, q, k, v, probabilities, d_out, dq, dk, dv);
}

}  // namespace mobileclip::kernels
#endif  // HWY_ONCE
