// Floats to bfloat16 pieces in tiles, and sums to C, a little at a time. Included once per target.

#if defined(MOBILECLIP_KERNELS_AMX_PIECES_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef MOBILECLIP_KERNELS_AMX_PIECES_INL_H_
#undef MOBILECLIP_KERNELS_AMX_PIECES_INL_H_
#else
#define MOBILECLIP_KERNELS_AMX_PIECES_INL_H_
#endif

#include <hwy/highway.h>

#include <algorithm>
#include <cstdint>

#include "kernels/amx_tiles-inl.h"
#include "kernels/gelu-inl.h"
#include "kernels/unroll.h"

HWY_BEFORE_NAMESPACE();
namespace mobileclip::kernels {
namespace HWY_NAMESPACE {

#if HWY_TARGET == HWY_AVX3

namespace hn = hwy::HWY_NAMESPACE;
using D = hn::CappedTag<float, 16>;
using U = hn::CappedTag<uint32_t, 16>;
using V = hn::Vec<D>;

constexpr size_t kStep = 32;   // k of one tile
constexpr size_t kWidth = 32;  // columns of C at a time: two tiles

constexpr size_t divide_up(size_t a, size_t b) { return (a + b - 1) / b; }

/// 32 floats to their pieces. How a pair of bfloat16 comes from them: of two rows of W word i holds
/// x0[i]'s below x1[i]'s; a row of A, x0 and behind it x1, keeps its order. One piece alone is
/// rounded, half away from zero.
enum class Pairs { kOfTwoRows, kAlongTheRow };

template <size_t kPieces, Pairs kPairs>
HWY_INLINE void Split(V x0, V x1, uint32_t* to) {
  const U u;
  const D d;
  const hn::Repartition<uint16_t, D> halves;
  const auto high = hn::Set(u, 0xFFFF0000U);
  if constexpr (kPieces == 1) {
    const auto half = hn::Set(u, 0x8000U);
    x0 = hn::BitCast(d, hn::Add(hn::BitCast(u, x0), half));
    x1 = hn::BitCast(d, hn::Add(hn::BitCast(u, x1), half));
  }
  MOBILECLIP_UNROLL
  for (size_t piece = 0; piece < kPieces; ++piece) {
    const auto b0 = hn::BitCast(u, x0), b1 = hn::BitCast(u, x1);
    if constexpr (kPairs == Pairs::kOfTwoRows) {
      hn::Store(hn::OrAnd(hn::ShiftRight<16>(b0), b1, high), u, to + piece * kTileWords);
    } else {
      const auto both = hn::ConcatOdd(halves, hn::BitCast(halves, b1), hn::BitCast(halves, b0));
      hn::Store(hn::BitCast(u, both), u, to + piece * kTileWords);
    }
    x0 = hn::Sub(x0, hn::BitCast(d, hn::And(b0, high)));
    x1 = hn::Sub(x1, hn::BitCast(d, hn::And(b1, high)));
  }
}

// Weights as they are stored.
struct Float32Weights {
  const float* at;
  HWY_INLINE V load(size_t i) const { return hn::Load(D(), at + i); }
};
template <class Narrow>  // hwy::float16_t or hwy::bfloat16_t
struct NarrowWeights {
  const uint16_t* at;
  HWY_INLINE V load(size_t i) const {
    const hn::Rebind<Narrow, D> narrow;
    const hn::Rebind<uint16_t, D> bits;
    return hn::PromoteTo(D(), hn::BitCast(narrow, hn::LoadU(bits, at + i)));
  }
};
using Float16Weights = NarrowWeights<hwy::float16_t>;
using BFloat16Weights = NarrowWeights<hwy::bfloat16_t>;

// Splitting and finishing go on between the tile unit's instructions, a little at a time: it needs
// no other part of the core. Each kind of such work is a cursor over equal units.

/// Up to 32 rows of A, some steps of them, to tiles: a unit is a step of a row. Rows and k that do
/// not exist are zeros.
template <size_t kPieces>
struct SplitRows {
  const float* a = nullptr;
  size_t lda = 0;
  size_t rows = 0;  // that exist
  size_t k = 0;     // that exist from a on
  size_t steps = 0;
  uint32_t* to = nullptr;
  size_t tile_stride = 0;  // words from the first 16 rows to the others
  size_t row = 0, step = 0, last = 0;

  HWY_INLINE void run(size_t units) {
    const D d;
    for (; units > 0 && row < last; --units) {
      V x0 = hn::Zero(d), x1 = hn::Zero(d);
      if (row < rows) {
        const float* from = a + row * lda + step * kStep;
        const size_t there = k - step * kStep;
        if (there >= kStep) {
          x0 = hn::LoadU(d, from);
          x1 = hn::LoadU(d, from + 16);
        } else {
          x0 = hn::MaskedLoad(hn::FirstN(d, there), d, from);
          if (there > 16) x1 = hn::MaskedLoad(hn::FirstN(d, there - 16), d, from + 16);
        }
      }
      Split<kPieces, Pairs::kAlongTheRow>(
          x0, x1,
          to + row / kTileRows * tile_stride + step * kPieces * kTileWords + row % kTileRows * 16);
      if (++step == steps) {
        step = 0;
        ++row;
      }
    }
  }
};

// Rows of a panel, which comes from far away, that are asked for ahead of time.
constexpr size_t kAhead = 192;

/// A panel's rows to tiles: a unit is two rows, in the left or right half.
template <size_t kPieces, class Weights>
struct SplitPanel {
  Weights panel = {};
  size_t k = 0;
  uint32_t* to = nullptr;
  size_t unit = 0, last = 0;

  void start(Weights from, size_t high, uint32_t* tiles) {
    *this = {from, high, tiles, 0, divide_up(high, kStep) * 32};
  }

  HWY_INLINE void run(size_t units) {
    const D d;
    for (const size_t end = std::min(last, unit + units); unit < end; ++unit) {
      const size_t s = unit / 32, pair = unit % 32 / 2, half = unit % 2;
      const size_t k0 = s * kStep + 2 * pair, k1 = k0 + 1;
      const V x0 = k0 < k ? panel.load(k0 * kWidth + half * 16) : hn::Zero(d);
      const V x1 = k1 < k ? panel.load(k1 * kWidth + half * 16) : hn::Zero(d);
      __builtin_prefetch(panel.at + (k0 + kAhead) * kWidth + half * 16, 0, 2);
      __builtin_prefetch(panel.at + (k1 + kAhead) * kWidth + half * 16, 0, 2);
      Split<kPieces, Pairs::kOfTwoRows>(x0, x1,
                                        to + (s * 2 + half) * kPieces * kTileWords + pair * 16);
    }
  }
};

/// Sums of 32 columns to C: bias, activation, residual. A unit is half a row.
struct FinishSums {
  const float* sums = nullptr;  // rows of 32
  size_t columns = 0;
  const float* bias = nullptr;
  float* c = nullptr;
  size_t ldc = 0;
  const float* residual = nullptr;
  size_t residual_stride = 0;
  bool gelu = false;
  size_t unit = 0, last = 0;

  HWY_INLINE void run(size_t units) {
    const D d;
    for (const size_t end = std::min(last, unit + units); unit < end; ++unit) {
      const size_t row = unit / 2, column = unit % 2 * 16;
      if (column >= columns) continue;
      V x = hn::Add(hn::Load(d, sums + row * kWidth + column), hn::Load(d, bias + column));
      if (gelu) x = Gelu(d, x);
      float* to = c + row * ldc + column;
      const float* add = residual == nullptr ? nullptr : residual + row * residual_stride + column;
      if (columns - column >= 16) {
        if (add != nullptr) x = hn::Add(x, hn::LoadU(d, add));
        hn::StoreU(x, d, to);
      } else {
        const auto there = hn::FirstN(d, columns - column);
        if (add != nullptr) x = hn::Add(x, hn::MaskedLoad(there, d, add));
        hn::BlendedStore(x, there, d, to);
      }
    }
  }
};

#endif  // HWY_TARGET == HWY_AVX3

}  // namespace HWY_NAMESPACE
}  // namespace mobileclip::kernels
HWY_AFTER_NAMESPACE();

#endif  // MOBILECLIP_KERNELS_AMX_PIECES_INL_H_
