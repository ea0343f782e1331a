#include "kernels/quick_gelu.h"

#include "kernels/unroll.h"
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/quick_gelu.cc"
#include <hwy/foreach_target.h>  // NOLINT: before highway.h
#include <hwy/highway.h>

#include "kernels/math-inl.h"

HWY_BEFORE_NAMESPACE();
namespace mobileclip::kernels {
namespace HWY_NAMESPACE {

namespace hn = hwy::HWY_NAMESPACE;

template <class D, class V = hn::Vec<D>>
HWY_INLINE V QuickGeluOf(D d, V x) {
  // e^88 is still finite: −∞ aside, far negative values come out next to zero, not as NaN.
  const V e = Exp(d, hn::Min(hn::Mul(x, hn::Set(d, -1.702f)), hn::Set(d, 88.0f)));
  return hn::Div(x, hn::Add(e, hn::Set(d, 1.0f)));
}

void QuickGelu(float* x, size_t n) {
  ForEach(n, [&](auto d, size_t i) { hn::StoreU(QuickGeluOf(d, hn::LoadU(d, x + i)), d, x + i); });
}

}  // namespace HWY_NAMESPACE
}  // namespace mobileclip::kernels
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace mobileclip::kernels {
namespace {

HWY_EXPORT(QuickGelu);

}  // namespace

void quick_gelu(float* x, size_t n) { HWY_DYNAMIC_DISPATCH(QuickGelu)(x, n); }

}  // namespace mobileclip::kernels
#endif  // HWY_ONCE
