// GELU on vectors. Included once per target by the kernels.

#if defined(MOBILECLIP_KERNELS_GELU_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef MOBILECLIP_KERNELS_GELU_INL_H_
#undef MOBILECLIP_KERNELS_GELU_INL_H_
#else
#define MOBILECLIP_KERNELS_GELU_INL_H_
#endif

#include <hwy/highway.h>

#include <cstddef>
#include <cstdint>
#include <iterator>

#include "kernels/math-inl.h"
#include "kernels/unroll.h"

HWY_BEFORE_NAMESPACE();
namespace mobileclip::kernels {
namespace HWY_NAMESPACE {

namespace hn = hwy::HWY_NAMESPACE;

// Where a vector has one lane per segment, Φ(u) − ½ for u ≥ 0 is a polynomial of low degree on each
// of as many segments of kStep around 0, kStep, 2·kStep, …; the last one is ½. Its coefficients are
// looked up in registers. Least-squares fits on 400 Chebyshev points, the error weighted by the
// larger of u and 0.4, reweighted 100 times towards minimax (Lawson); the first has no constant,
// but for a hint of the sign that makes GELU(−0) = −0. Largest error of x·Φ(x) in float arithmetic
// 3.4e-7 at |x| ≈ 5, 2.2e-7 for |x| < 3; root mean square 7e-8, as torch's erf form.
/// A row for each power of t, the distance from the middle of the segment.
template <size_t kLanes>
struct CdfTable {
  static constexpr bool kKnown = false;
};
template <>
struct CdfTable<16> {
  static constexpr bool kKnown = true;
  static constexpr float kStep = 0.375f;
  alignas(64) static constexpr float kRows[][16] = {
      {-1e-20f, 0.146169782f, 0.27337265f, 0.369705468f, 0.43319279f, 0.469603628f, 0.487775534f,
       0.495667547f, 0.498650104f, 0.499630928f, 0.499911577f, 0.499981463f, 0.499996603f,
       0.499999464f, 0.499999911f, 0.5f},
      {0.398941427f, 0.371852398f, 0.301137447f, 0.211878642f, 0.129519835f, 0.0687875375f,
       0.0317398347f, 0.0127238138f, 0.0044314228f, 0.00134084094f, 0.000352463074f,
       8.04906813e-05f, 1.59685551e-05f, 2.75210709e-06f, 4.12036201e-07f, 0.0f},
      {4.37808558e-05f, -0.0697238296f, -0.11292395f, -0.119176425f, -0.0971364379f, -0.0644874424f,
       -0.0357079618f, -0.0167010147f, -0.0066478909f, -0.00226307637f, -0.000661040598f,
       -0.000166071506f, -3.59463229e-05f, -6.71238286e-06f, -1.08243773e-06f, 0.0f},
      {-0.0671979338f, -0.0529614165f, -0.0219624676f, 0.00915039983f, 0.0267264172f, 0.0286958143f,
       0.0214697551f, 0.0125343641f, 0.00595765328f, 0.00235414365f, 0.000782704621f,
       0.000220635673f, 5.30036086e-05f, 1.08913282e-05f, 1.91946674e-06f, 0.0f},
      {0.00451434683f, 0.016555313f, 0.0227616057f, 0.0170628279f, 0.00604253728f, -0.0027163052f,
       -0.00608022837f, -0.00538977608f, -0.00332411611f, -0.00159055355f, -0.000616003294f,
       -0.000197292844f, -5.29197059e-05f, -1.19851475e-05f, -2.30479145e-06f, 0.0f},
  };
};
template <>
struct CdfTable<8> {
  static constexpr bool kKnown = true;
  static constexpr float kStep = 0.84375f;
  alignas(64) static constexpr float kRows[][8] = {
      {-1e-20f, 0.300595433f, 0.454246372f, 0.494317174f, 0.499630928f, 0.499987721f, 0.499999791f,
       0.5f},
      {0.398942322f, 0.2794604f, 0.0960616693f, 0.016202962f, 0.0013411215f, 5.44809445e-05f,
       1.08671941e-06f, 0.0f},
      {-2.21163418e-06f, -0.117895797f, -0.0810520276f, -0.0205071587f, -0.00226310291f,
       -0.000114899543f, -2.74905028e-06f, 0.0f},
      {-0.0664560348f, -0.0134311309f, 0.0295737498f, 0.0146092111f, 0.00232237275f,
       0.000151994012f, 4.40541771e-06f, 0.0f},
      {-0.000245998672f, 0.0224529505f, 0.0010343669f, -0.005821859f, -0.00158329844f,
       -0.000141573779f, -5.1498655e-06f, 0.0f},
      {0.0108696632f, -0.00162328489f, -0.00469767675f, 0.000679212098f, 0.000721590419f,
       0.000102313832f, 5.14167641e-06f, 0.0f},
      {-0.00162539876f, -0.00259531662f, 0.00114983297f, 0.000460065319f, -0.000186914389f,
       -5.03777046e-05f, -3.45332342e-06f, 0.0f},
  };
};

using Cdf = CdfTable<hn::MaxLanes(hn::ScalableTag<float>())>;

/// row[index], for a whole vector or for one element.
template <class D, class Index, class V = hn::Vec<D>>
HWY_INLINE V PickOf(D d, const float* row, Index index) {
  if constexpr (hn::MaxLanes(D()) == 1) {
    return hn::Set(d, row[hn::GetLane(index)]);
  } else {
    return hn::TableLookupLanes(hn::Load(d, row), hn::IndicesFromVec(d, index));
  }
}

/// Φ(u) − ½ for u ≥ 0, by the table.
template <class D, class Table = Cdf, class V = hn::Vec<D>>
HWY_INLINE V CdfAboveHalf(D d, V u) {
  const hn::RebindToSigned<D> di;
  constexpr size_t kLast = std::size(Table::kRows[0]) - 1, kDegree = std::size(Table::kRows) - 1;
  constexpr float kWhole = 8388608;  // 2²³: what is added to it is rounded to whole numbers
  const V clamped = hn::Min(u, hn::Set(d, static_cast<float>(kLast) * Table::kStep));
  const V sum = hn::MulAdd(clamped, hn::Set(d, 1 / Table::kStep), hn::Set(d, kWhole));
  const auto segment = hn::And(hn::BitCast(di, sum), hn::Set(di, static_cast<int32_t>(kLast)));
  const V center = hn::Sub(sum, hn::Set(d, kWhole));
  const V t = hn::NegMulAdd(center, hn::Set(d, Table::kStep), clamped);
  V p = PickOf(d, Table::kRows[kDegree], segment);
  MOBILECLIP_UNROLL
  for (size_t i = kDegree; i-- > 0;) {
    p = hn::MulAdd(p, t, PickOf(d, Table::kRows[i], segment));
  }
  return p;
}

// Elsewhere Φ(x) − ½ = x·P(2x²/L² − 1) on |x| ≤ L, L = 5.6, beyond which Φ is 0 or 1 to float
// precision. P has degree 17: a weighted least-squares fit of the absolute error of Φ on 4000
// Chebyshev points, reweighted 60 times towards minimax (Lawson), then expanded in powers. Largest
// error of x·Φ(x) in float arithmetic 6e-7 at |x| ≈ 5, 3e-7 for |x| < 3; root mean square 7e-8, as
// torch's erf form.
constexpr float kGeluLimit = 5.6f;
constexpr float kGeluScale = 2.0f / (kGeluLimit * kGeluLimit);
constexpr float kGeluCoefficients[] = {
    0.12625959515571594f,     -0.0630512684583664f,    0.046980615705251694f,
    -0.03834613412618637f,    0.03197668865323067f,    -0.026305705308914185f,
    0.020877627655863762f,    -0.015776919201016426f,  0.011274775490164757f,
    -0.007521854713559151f,   0.004633637610822916f,   -0.002793512772768736f,
    0.0017155036330223083f,   -0.000823367154225707f,  0.00022976749460212886f,
    -0.00015123074990697205f, 0.00016578416398260742f, -5.8288609579904005e-05f};

template <class D, class V = hn::Vec<D>>
HWY_INLINE V PolynomialCdf(D d, V x) {
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

/// Φ(x), the normal distribution function.
template <class D, class V = hn::Vec<D>>
HWY_INLINE V NormalCdf(D d, V x) {
  if constexpr (Cdf::kKnown) {
    return hn::Add(hn::Set(d, 0.5f), hn::CopySign(CdfAboveHalf(d, hn::Abs(x)), x));
  } else {
    return PolynomialCdf(d, x);
  }
}

/// Exact GELU, x·Φ(x). NaN stays NaN; −∞ gives NaN as 0·∞ does in the erf form.
template <class D, class V = hn::Vec<D>>
HWY_INLINE V Gelu(D d, V x) {
  if constexpr (Cdf::kKnown) {
    const V u = hn::Abs(x);
    return hn::MulAdd(u, CdfAboveHalf(d, u), hn::Mul(x, hn::Set(d, 0.5f)));
  } else {
    return hn::Mul(x, PolynomialCdf(d, x));
  }
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

#endif  // MOBILECLIP_KERNELS_GELU_INL_H_
