// Loops over vectors; exp on them. Included once per target by the kernels.

#if defined(MOBILECLIP_KERNELS_MATH_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef MOBILECLIP_KERNELS_MATH_INL_H_
#undef MOBILECLIP_KERNELS_MATH_INL_H_
#else
#define MOBILECLIP_KERNELS_MATH_INL_H_
#endif

#include <hwy/highway.h>

HWY_BEFORE_NAMESPACE();
namespace mobileclip::kernels {
namespace HWY_NAMESPACE {

namespace hn = hwy::HWY_NAMESPACE;

/// Calls body(tag, index) for whole vectors, then for single elements: the same operations on each.
template <class Body>
HWY_INLINE void ForEach(size_t n, const Body& body) {
  const hn::ScalableTag<float> d;
  const hn::CappedTag<float, 1> single;
  const size_t lanes = hn::Lanes(d);
  size_t i = 0;
  for (; i + lanes <= n; i += lanes) body(d, i);
  for (; i < n; ++i) body(single, i);
}

/// e^x to about 1 ulp for x ≤ 88; 0 below −87. Range reduction to |r| ≤ ln 2 / 2 with a two-part ln
/// 2, then the Taylor-like minimax polynomial of degree 6 (Cephes, expf).
template <class D, class V = hn::Vec<D>>
HWY_INLINE V Exp(D d, V x) {
  const hn::RebindToSigned<D> di;
  const V low = hn::Set(d, -87.0f);
  const V n = hn::Round(hn::Mul(x, hn::Set(d, 1.44269504088896341f)));
  V r = hn::NegMulAdd(n, hn::Set(d, 0.693359375f), x);
  r = hn::NegMulAdd(n, hn::Set(d, -2.12194440e-4f), r);
  V p = hn::Set(d, 1.9875691500e-4f);
  p = hn::MulAdd(p, r, hn::Set(d, 1.3981999507e-3f));
  p = hn::MulAdd(p, r, hn::Set(d, 8.3334519073e-3f));
  p = hn::MulAdd(p, r, hn::Set(d, 4.1665795894e-2f));
  p = hn::MulAdd(p, r, hn::Set(d, 1.6666665459e-1f));
  p = hn::MulAdd(p, r, hn::Set(d, 5.0000001201e-1f));
  p = hn::Add(hn::MulAdd(hn::Mul(r, r), p, r), hn::Set(d, 1.0f));
  const auto exponent = hn::ShiftLeft<23>(hn::ConvertTo(di, hn::Max(n, hn::Set(d, -126.0f))));
  const V scaled = hn::BitCast(d, hn::Add(hn::BitCast(di, p), exponent));
  return hn::IfThenElse(hn::Lt(x, low), hn::Zero(d), scaled);
}

}  // namespace HWY_NAMESPACE
}  // namespace mobileclip::kernels
HWY_AFTER_NAMESPACE();

#endif  // MOBILECLIP_KERNELS_MATH_INL_H_
