// Loops over vectors; exp and GELU on them. Included once per target by the kernels.

#if defined(MOBILECLIP_KERNELS_MATH_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef MOBILECLIP_KERNELS_MATH_INL_H_
#undef MOBILECLIP_KERNELS_MATH_INL_H_
#else
#define MOBILECLIP_KERNELS_MATH_INL_H_
#endif

#include <hwy/highway.h>

#include "kernels/unroll.h"

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

// Φ(x) − ½ = x·P(2x²/L² − 1) on |x| ≤ L, L = 5.6, beyond which Φ is 0 or 1 to float precision. P
// has degree 17: a weighted least-squares fit of the absolute error of Φ on 4000 Chebyshev points,
// reweighted 60 times towards minimax (Lawson), then expanded in powers. Largest error of x·Φ(x) in
// float arithmetic 6e-7 at |x| ≈ 5, 3e-7 for |x| < 3; root mean square 7e-8, as torch's erf form.
constexpr float kGeluLimit = 5.6f;
constexpr float kGeluScale = 2.0f / (kGeluLimit * kGeluLimit);
constexpr float kGeluCoefficients[] = {
    0.12625959515571594f,     -0.0630512684583664f,    0.046980615705251694f,
    -0.03834613412618637f,    0.03197668865323067f,    -0.026305705308914185f,
    0.020877627655863762f,    -0.015776919201016426f,  0.011274775490164757f,
    -0.007521854713559151f,   0.004633637610822916f,   -0.002793512772768736f,
    0.0017155036330223083f,   -0.000823367154225707f,  0.00022976749460212886f,
    -0.00015123074990697205f, 0.00016578416398260742f, -5.8288609579904005e-05f};

/// Φ(x), the normal distribution function.
template <class D, class V = hn::Vec<D>>
HWY_INLINE V NormalCdf(D d, V x) {
  const V limit = hn::Set(d, kGeluLimit);
  const V clamped = hn::Min(hn::Max(x, hn::Neg(limit)), limit);
  const V s = hn::MulAdd(hn::Mul(clamped, clamped), hn::Set(d, kGeluScale), hn::Set(d, -1.0f));
  constexpr int kDegree = static_cast<int>(sizeof(kGeluCoefficients) / sizeof(float)) - 1;
  V p = hn::Set(d, kGeluCoefficients[kDegree]);
  MOBILECLIP_UNROLL
  for (int i = kDegree - 1; i >= 0; --i) p = hn::MulAdd(p, s, hn::Set(d, kGeluCoefficients[i]));
  V phi = hn::MulAdd(clamped, p, hn::Set(d, 0.5f));
  phi = hn::IfThenElse(hn::Ge(x, limit), hn::Set(d, 1.0f), phi);
  return hn::IfThenZeroElse(hn::Le(x, hn::Neg(limit)), phi);
}

/// Exact GELU, x·Φ(x). NaN stays NaN; −∞ gives NaN as 0·∞ does in the erf form.
template <class D, class V = hn::Vec<D>>
HWY_INLINE V Gelu(D d, V x) {
  return hn::Mul(x, NormalCdf(d, x));
}

/// Its derivative, Φ(x) + x·φ(x).
template <class D, class V = hn::Vec<D>>
HWY_INLINE V GeluSlope(D d, V x) {
  const V density =
      hn::Mul(hn::Set(d, 0.3989422804f), Exp(d, hn::Mul(hn::Set(d, -0.5f), hn::Mul(x, x))));
  return hn::MulAdd(x, density, NormalCdf(d, x));
}

}  // namespace HWY_NAMESPACE
}  // namespace mobileclip::kernels
HWY_AFTER_NAMESPACE();

#endif  // MOBILECLIP_KERNELS_MATH_INL_H_
