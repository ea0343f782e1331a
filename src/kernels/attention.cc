#include "kernels/attention.h"

#include <algorithm>

#include "kernels/unroll.h"
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/attention.cc"
#include <hwy/foreach_target.h>  // NOLINT: before highway.h
#include <hwy/highway.h>

#include "kernels/math-inl.h"

HWY_BEFORE_NAMESPACE();
namespace mobileclip::kernels {
namespace HWY_NAMESPACE {

namespace hn = hwy::HWY_NAMESPACE;
using D = hn::ScalableTag<float>;
using V = hn::Vec<D>;

// Queries of one block and vectors of values at a time: what the registers hold.
#if HWY_TARGET == HWY_AVX3 || HWY_TARGET == HWY_NEON
constexpr size_t kQueries = 8, kValueVectors = 2;
#else
constexpr size_t kQueries = 4, kValueVectors = 2;
#endif

size_t PaddedTokens(size_t tokens) {
  const size_t width = 2 * hn::Lanes(D());
  return (tokens + width - 1) / width * width;
}

struct Head {
  const float *q, *k, *v;
  size_t stride, value_stride, tokens, head_dim, padded;
  float scale;
  float* out;
  size_t out_stride;
  float* keys;    // head_dim × padded, transposed
  float* scores;  // kQueries × padded
  float* scaled;  // kQueries × head_dim: the block's queries
};

/// K transposed, so that scores are vectors over keys; the padding holds zeros. A few tokens at a
/// time: rows are far apart, most often by a multiple that maps them to few sets of the cache.
void TransposeKeys(const Head& h) {
  constexpr size_t kBlock = 16;
  for (size_t begin = 0; begin < h.tokens; begin += kBlock) {
    const size_t end = std::min(begin + kBlock, h.tokens);
    for (size_t i = 0; i < h.head_dim; ++i) {
      float* row = h.keys + i * h.padded;
      for (size_t t = begin; t < end; ++t) row[t] = h.k[t * h.stride + i];
    }
  }
  for (size_t i = 0; i < h.head_dim; ++i) {
    std::fill(h.keys + i * h.padded + h.tokens, h.keys + (i + 1) * h.padded, 0.0f);
  }
}

/// V row by row behind one another, for blocks of queries that read it again and again.
void GatherValues(Head& h, float* to) {
  for (size_t t = 0; t < h.tokens; ++t) {
    std::copy_n(h.v + t * h.stride, h.head_dim, to + t * h.head_dim);
  }
  h.v = to;
  h.value_stride = h.head_dim;
}

/// scores[q][t] for kRows queries and the keys up to `limit`.
template <size_t kRows>
void Scores(const Head& h, size_t first, size_t limit) {
  const D d;
  const size_t lanes = hn::Lanes(d);
  for (size_t r = 0; r < kRows; ++r) {
    const float* q = h.q + (first + r) * h.stride;
    for (size_t i = 0; i < h.head_dim; ++i) h.scaled[r * h.head_dim + i] = q[i] * h.scale;
  }
  for (size_t t = 0; t < limit; t += 2 * lanes) {
    V sums[kRows][2];
    MOBILECLIP_UNROLL
    for (size_t r = 0; r < kRows; ++r) sums[r][0] = sums[r][1] = hn::Zero(d);
    for (size_t i = 0; i < h.head_dim; ++i) {
      const float* keys = h.keys + i * h.padded + t;
      const V k0 = hn::Load(d, keys);
      const V k1 = hn::Load(d, keys + lanes);
      MOBILECLIP_UNROLL
      for (size_t r = 0; r < kRows; ++r) {
        const V q = hn::Set(d, h.scaled[r * h.head_dim + i]);
        sums[r][0] = hn::MulAdd(q, k0, sums[r][0]);
        sums[r][1] = hn::MulAdd(q, k1, sums[r][1]);
      }
    }
    MOBILECLIP_UNROLL
    for (size_t r = 0; r < kRows; ++r) {
      hn::Store(sums[r][0], d, h.scores + r * h.padded + t);
      hn::Store(sums[r][1], d, h.scores + r * h.padded + t + lanes);
    }
  }
}

/// Softmax over the first `keys` scores in place; what follows, up to `limit`, becomes 0.
void Softmax(float* scores, size_t keys, size_t limit) {
  const D d;
  const size_t lanes = hn::Lanes(d);
  std::fill(scores + keys, scores + limit, -1e30f);
  V peak = hn::Load(d, scores);
  for (size_t t = lanes; t < limit; t += lanes) peak = hn::Max(peak, hn::Load(d, scores + t));
  const V top = hn::MaxOfLanes(d, peak);
  V sum = hn::Zero(d);
  for (size_t t = 0; t < limit; t += lanes) {
    const V e = Exp(d, hn::Sub(hn::Load(d, scores + t), top));
    hn::Store(e, d, scores + t);
    sum = hn::Add(sum, e);
  }
  const V scale = hn::Div(hn::Set(d, 1.0f), hn::SumOfLanes(d, sum));
  for (size_t t = 0; t < limit; t += lanes) {
    hn::Store(hn::Mul(hn::Load(d, scores + t), scale), d, scores + t);
  }
}

/// out = scores · V over kVectors vectors of head dimensions from `begin` on.
template <class DV, size_t kRows, size_t kVectors>
void ValueVectors(DV d, const Head& h, size_t first, size_t keys, size_t begin) {
  const size_t lanes = hn::Lanes(d);
  hn::Vec<DV> sums[kRows][kVectors];
  MOBILECLIP_UNROLL
  for (size_t r = 0; r < kRows; ++r) {
    MOBILECLIP_UNROLL
    for (size_t i = 0; i < kVectors; ++i) sums[r][i] = hn::Zero(d);
  }
  for (size_t t = 0; t < keys; ++t) {
    hn::Vec<DV> v[kVectors];
    MOBILECLIP_UNROLL
    for (size_t i = 0; i < kVectors; ++i) {
      v[i] = hn::LoadU(d, h.v + t * h.value_stride + begin + i * lanes);
    }
    MOBILECLIP_UNROLL
    for (size_t r = 0; r < kRows; ++r) {
      const auto score = hn::Set(d, h.scores[r * h.padded + t]);
      MOBILECLIP_UNROLL
      for (size_t i = 0; i < kVectors; ++i) sums[r][i] = hn::MulAdd(score, v[i], sums[r][i]);
    }
  }
  MOBILECLIP_UNROLL
  for (size_t r = 0; r < kRows; ++r) {
    MOBILECLIP_UNROLL
    for (size_t i = 0; i < kVectors; ++i) {
      hn::StoreU(sums[r][i], d, h.out + (first + r) * h.out_stride + begin + i * lanes);
    }
  }
}

/// The same over head dimensions [begin, end), as many vectors at a time as there are registers.
template <class DV, size_t kRows>
void Values(DV d, const Head& h, size_t first, size_t keys, size_t begin, size_t end) {
  const size_t lanes = hn::Lanes(d);
  while (begin + kValueVectors * lanes <= end) {
    ValueVectors<DV, kRows, kValueVectors>(d, h, first, keys, begin);
    begin += kValueVectors * lanes;
  }
  for (; begin + lanes <= end; begin += lanes) {
    ValueVectors<DV, kRows, 1>(d, h, first, keys, begin);
  }
}

template <size_t kRows>
void RunQueries(const Head& h, size_t first, bool causal) {
  const D d;
  const hn::CappedTag<float, 1> single;
  const size_t lanes = hn::Lanes(d);
  const size_t keys = causal ? std::min(h.tokens, first + kRows) : h.tokens;
  const size_t limit = PaddedTokens(keys);
  Scores<kRows>(h, first, limit);
  for (size_t r = 0; r < kRows; ++r) {
    Softmax(h.scores + r * h.padded, causal ? first + r + 1 : keys, limit);
  }
  const size_t whole = h.head_dim - h.head_dim % lanes;
  Values<D, kRows>(d, h, first, keys, 0, whole);
  Values<decltype(single), kRows>(single, h, first, keys, whole, h.head_dim);
}

/// Queries from `first` on in blocks of kRows, the rest in blocks half as large.
template <size_t kRows>
void RunBlocks(const Head& h, size_t first, size_t end, bool causal) {
  for (; first + kRows <= end; first += kRows) RunQueries<kRows>(h, first, causal);
  if constexpr (kRows > 1) RunBlocks<kRows / 2>(h, first, end, causal);
}

void Run(const float* q, const float* k, const float* v, size_t stride, size_t tokens,
         size_t head_dim, float scale, bool causal, size_t query_begin, size_t query_end,
         float* out, size_t out_stride, float* scratch) {
  Head h{q,     k,   v,          stride,  stride,  tokens, head_dim, PaddedTokens(tokens),
         scale, out, out_stride, scratch, nullptr, nullptr};
  h.scores = scratch + head_dim * h.padded;
  h.scaled = h.scores + kQueries * h.padded;
  TransposeKeys(h);
  if (query_end - query_begin > kQueries) GatherValues(h, h.scaled + kQueries * head_dim);
  RunBlocks<kQueries>(h, query_begin, query_end, causal);
}

}  // namespace HWY_NAMESPACE
}  // namespace mobileclip::kernels
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace mobileclip::kernels {
namespace {

HWY_EXPORT(Run);
HWY_EXPORT(PaddedTokens);

constexpr size_t kMostQueries = 8;

}  // namespace

size_t attention_scratch(size_t tokens, size_t head_dim) {
  return (head_dim + kMostQueries) * HWY_DYNAMIC_DISPATCH(PaddedTokens)(tokens) +
         (kMostQueries + tokens) * head_dim;
}

void attention_head(const float* q, const float* k, const float* v, size_t stride, size_t tokens,
                    size_t head_dim, float scale, bool causal, size_t query_begin, size_t query_end,
                    float* out, size_t out_stride, float* scratch) {
  HWY_DYNAMIC_DISPATCH(Run)
  (q, k, v, stride, tokens, head_dim, scale, causal, query_begin, query_end, out, out_stride,
   scratch);
}

}  // namespace mobileclip::kernels
#endif  // HWY_ONCE
