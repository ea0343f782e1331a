#include "kernels/elementwise.h"

#include <bit>
#include <cmath>
#include <cstdint>

#include "kernels/unroll.h"
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/elementwise.cc"
#include <hwy/foreach_target.h>  // NOLINT: before highway.h
#include <hwy/highway.h>

#include "kernels/gelu-inl.h"

HWY_BEFORE_NAMESPACE();
namespace mobileclip::kernels {
namespace HWY_NAMESPACE {

namespace hn = hwy::HWY_NAMESPACE;
using D = hn::ScalableTag<float>;

void GeluInPlace(float* x, size_t n) {
  ForEach(n, [&](auto d, size_t i) { hn::StoreU(Gelu(d, hn::LoadU(d, x + i)), d, x + i); });
}

void Relu(float* x, size_t n) {
  ForEach(n,
          [&](auto d, size_t i) { hn::StoreU(hn::ZeroIfNegative(hn::LoadU(d, x + i)), d, x + i); });
}

void Sigmoid(float* x, size_t n) {
  ForEach(n, [&](auto d, size_t i) {
    const auto one = hn::Set(d, 1.0f);
    const auto e = Exp(d, hn::Min(hn::Neg(hn::LoadU(d, x + i)), hn::Set(d, 88.0f)));
    hn::StoreU(hn::Div(one, hn::Add(one, e)), d, x + i);
  });
}

void Add(const float* a, const float* b, size_t n, float* out) {
  ForEach(n, [&](auto d, size_t i) {
    hn::StoreU(hn::Add(hn::LoadU(d, a + i), hn::LoadU(d, b + i)), d, out + i);
  });
}

void MeanPool(const float* x, size_t positions, size_t channels, float* out) {
  const auto count = static_cast<float>(positions);
  ForEach(channels, [&](auto d, size_t c) {
    auto sum = hn::Zero(d);
    for (size_t p = 0; p < positions; ++p) sum = hn::Add(sum, hn::LoadU(d, x + p * channels + c));
    hn::StoreU(hn::Div(sum, hn::Set(d, count)), d, out + c);
  });
}

void ScaleChannels(float* x, size_t positions, size_t channels, const float* gate,
                   bool apply_gelu) {
  for (size_t p = 0; p < positions; ++p) {
    float* row = x + p * channels;
    ForEach(channels, [&](auto d, size_t c) {
      const auto y = hn::Mul(hn::LoadU(d, row + c), hn::LoadU(d, gate + c));
      hn::StoreU(apply_gelu ? Gelu(d, y) : y, d, row + c);
    });
  }
}

/// Sum of term(vector) over a row; the tail of a row is summed apart, in order.
template <class Term>
HWY_INLINE float RowSum(const float* x, size_t width, const Term& term) {
  const D d;
  const hn::CappedTag<float, 1> single;
  const size_t lanes = hn::Lanes(d);
  auto sum = hn::Zero(d);
  size_t i = 0;
  for (; i + lanes <= width; i += lanes) sum = hn::Add(sum, term(d, hn::LoadU(d, x + i)));
  float total = hn::GetLane(hn::SumOfLanes(d, sum));
  for (; i < width; ++i) total += hn::GetLane(term(single, hn::LoadU(single, x + i)));
  return total;
}

void LayerNorm(const float* x, size_t x_stride, const float* weight, const float* bias, size_t rows,
               size_t width, float eps, float* out, size_t out_stride) {
  const auto count = static_cast<float>(width);
  for (size_t r = 0; r < rows; ++r) {
    const float* in = x + r * x_stride;
    float* to = out + r * out_stride;
    const float mean = RowSum(in, width, [](auto, auto v) { return v; }) / count;
    const float variance = RowSum(in, width,
                                  [&](auto d, auto v) {
                                    const auto difference = hn::Sub(v, hn::Set(d, mean));
                                    return hn::Mul(difference, difference);
                                  }) /
                           count;
    const float scale = 1.0f / std::sqrt(variance + eps);
    ForEach(width, [&](auto d, size_t i) {
      const auto normal =
          hn::Mul(hn::Sub(hn::LoadU(d, in + i), hn::Set(d, mean)), hn::Set(d, scale));
      hn::StoreU(hn::MulAdd(normal, hn::LoadU(d, weight + i), hn::LoadU(d, bias + i)), d, to + i);
    });
  }
}

}  // namespace HWY_NAMESPACE
}  // namespace mobileclip::kernels
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace mobileclip::kernels {
namespace {

HWY_EXPORT(GeluInPlace);
HWY_EXPORT(Relu);
HWY_EXPORT(Sigmoid);
HWY_EXPORT(Add);
HWY_EXPORT(MeanPool);
HWY_EXPORT(ScaleChannels);
HWY_EXPORT(LayerNorm);

}  // namespace

void gelu(float* x, size_t n) { HWY_DYNAMIC_DISPATCH(GeluInPlace)(x, n); }

void relu(float* x, size_t n) { HWY_DYNAMIC_DISPATCH(Relu)(x, n); }

void sigmoid(float* x, size_t n) { HWY_DYNAMIC_DISPATCH(Sigmoid)(x, n); }

void add(const float* a, const float* b, size_t n, float* out) {
  HWY_DYNAMIC_DISPATCH(Add)(a, b, n, out);
}

void mean_pool(const float* x, size_t positions, size_t channels, float* out) {
  HWY_DYNAMIC_DISPATCH(MeanPool)(x, positions, channels, out);
}

void scale_channels(float* x, size_t positions, size_t channels, const float* gate,
                    bool apply_gelu) {
  HWY_DYNAMIC_DISPATCH(ScaleChannels)(x, positions, channels, gate, apply_gelu);
}

void layer_norm(const float* x, size_t x_stride, const float* weight, const float* bias,
                size_t rows, size_t width, float eps, float* out, size_t out_stride) {
  HWY_DYNAMIC_DISPATCH(LayerNorm)(x, x_stride, weight, bias, rows, width, eps, out, out_stride);
}

bool all_finite(const float* x, size_t n) {
  uint32_t bad = 0;
  for (size_t i = 0; i < n; ++i) {
    const uint32_t exponent = std::bit_cast<uint32_t>(x[i]) & 0x7F800000u;
    bad |= static_cast<uint32_t>(exponent == 0x7F800000u);
  }
  return bad == 0;
}

}  // namespace mobileclip::kernels
#endif  // HWY_ONCE
