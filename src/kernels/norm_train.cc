#include "kernels/norm_train.h"

#include "kernels/unroll.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/norm_train.cc"
#include <hwy/foreach_target.h>  // NOLINT: before highway.h
#include <hwy/highway.h>

#include "kernels/gelu-inl.h"

HWY_BEFORE_NAMESPACE();
namespace mobileclip::kernels {
namespace HWY_NAMESPACE {

namespace hn = hwy::HWY_NAMESPACE;
using D = hn::ScalableTag<float>;

template <class Tag, class V = hn::Vec<Tag>>
HWY_INLINE double Total(Tag d, V v) {
  return static_cast<double>(hn::GetLane(hn::SumOfLanes(d, v)));
}

PlaneSums Sums(const ChannelPlanes& at, const float* x) {
  const D d;
  const size_t lanes = hn::Lanes(d);
  PlaneSums out;
  for (size_t n = 0; n < at.images; ++n) {
    const float* plane = x + n * at.stride;
    auto sum = hn::Zero(d), squares = hn::Zero(d);
    size_t i = 0;
    for (; i + lanes <= at.plane; i += lanes) {
      const auto v = hn::LoadU(d, plane + i);
      sum = hn::Add(sum, v);
      squares = hn::MulAdd(v, v, squares);
    }
    out.sum += Total(d, sum);
    out.squares += Total(d, squares);
    for (; i < at.plane; ++i) {
      const double v = static_cast<double>(plane[i]);
      out.sum += v;
      out.squares += v * v;
    }
  }
  return out;
}

/// Σ scale[i] · x[i][at] + shift.
template <class Tag>
HWY_INLINE hn::Vec<Tag> Combined(Tag d, size_t branches, const float* const* x, size_t at,
                                 const float* scale, float shift) {
  auto z = hn::Set(d, shift);
  for (size_t b = 0; b < branches; ++b) {
    z = hn::MulAdd(hn::Set(d, scale[b]), hn::LoadU(d, x[b] + at), z);
  }
  return z;
}

void Combine(const ChannelPlanes& at, size_t branches, const float* const* x, const float* scale,
             float shift, bool gelu, float* y) {
  for (size_t n = 0; n < at.images; ++n) {
    const size_t base = n * at.stride;
    ForEach(at.plane, [&](auto d, size_t i) {
      const auto z = Combined(d, branches, x, base + i, scale, shift);
      hn::StoreU(gelu ? Gelu(d, z) : z, d, y + base + i);
    });
  }
}

void CombineGradient(const ChannelPlanes& at, size_t branches, const float* const* x,
                     const float* scale, float shift, bool gelu, const float* dy, float* dz,
                     double* sums) {
  const D whole;
  for (size_t n = 0; n < at.images; ++n) {
    const size_t base = n * at.stride;
    ForEach(at.plane, [&](auto d, size_t i) {
      auto g = hn::LoadU(d, dy + base + i);
      if (gelu) g = hn::Mul(g, GeluSlope(d, Combined(d, branches, x, base + i, scale, shift)));
      hn::StoreU(g, d, dz + base + i);
    });
    const size_t lanes = hn::Lanes(whole);
    auto total = hn::Zero(whole);
    hn::Vec<D> products[kMaxBranches] = {hn::Zero(whole), hn::Zero(whole), hn::Zero(whole),
                                         hn::Zero(whole)};
    size_t i = 0;
    for (; i + lanes <= at.plane; i += lanes) {
      const auto g = hn::LoadU(whole, dz + base + i);
      total = hn::Add(total, g);
      for (size_t b = 0; b < branches; ++b) {
        products[b] = hn::MulAdd(g, hn::LoadU(whole, x[b] + base + i), products[b]);
      }
    }
    sums[0] += Total(whole, total);
    for (size_t b = 0; b < branches; ++b) sums[1 + b] += Total(whole, products[b]);
    for (; i < at.plane; ++i) {
      const double g = static_cast<double>(dz[base + i]);
      sums[0] += g;
      for (size_t b = 0; b < branches; ++b) sums[1 + b] += g * static_cast<double>(x[b][base + i]);
    }
  }
}

void BranchGradient(const ChannelPlanes& at, const float* dz, const float* x, float a, float p,
                    float q, float* dx) {
  for (size_t n = 0; n < at.images; ++n) {
    const size_t base = n * at.stride;
    ForEach(at.plane, [&](auto d, size_t i) {
      const auto linear = hn::MulAdd(hn::Set(d, p), hn::LoadU(d, x + base + i), hn::Set(d, q));
      hn::StoreU(hn::MulAdd(hn::Set(d, a), hn::LoadU(d, dz + base + i), linear), d, dx + base + i);
    });
  }
}

}  // namespace HWY_NAMESPACE
}  // namespace mobileclip::kernels
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace mobileclip::kernels {

HWY_EXPORT(Sums);
HWY_EXPORT(Combine);
HWY_EXPORT(CombineGradient);
HWY_EXPORT(BranchGradient);

PlaneSums plane_sums(const ChannelPlanes& at, const float* x) {
  return HWY_DYNAMIC_DISPATCH(Sums)(at, x);
}
void combine_planes(const ChannelPlanes& at, size_t branches, const float* const* x,
                    const float* scale, float shift, bool gelu, float* y) {
  HWY_DYNAMIC_DISPATCH(Combine)(at, branches, x, scale, shift, gelu, y);
}
void combine_gradient(const ChannelPlanes& at, size_t branches, const float* const* x,
                      const float* scale, float shift, bool gelu, const float* dy, float* dz,
                      double* sums) {
  for (size_t i = 0; i <= branches; ++i) sums[i] = 0;
  HWY_DYNAMIC_DISPATCH(CombineGradient)(at, branches, x, scale, shift, gelu, dy, dz, sums);
}
void branch_gradient(const ChannelPlanes& at, const float* dz, const float* x, float a, float p,
                     float q, float* dx) {
  HWY_DYNAMIC_DISPATCH(BranchGradient)(at, dz, x, a, p, q, dx);
}

}  // namespace mobileclip::kernels
#endif  // HWY_ONCE
