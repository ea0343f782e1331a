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
constexpr size_t kAhead = 64;

/// A step of a panel: its rows and those to ask for meanwhile.
template <class Weights>
struct PanelStep {
  Weights rows = {};
  Weights ahead = {};
};

/// The rows of a step of one panel or two, all or the last that exist, to tiles: a unit is two rows
/// of each. Of two panels the lines are asked for in turn: the memory is faster when two streams
/// are read.
template <size_t kPieces, class Weights>
struct SplitPanels {
  static constexpr size_t kPanelTiles = 2 * kPieces * kTileWords;  // words
  static constexpr size_t kLine = 64 / sizeof(*Weights::at);       // weights of a cache line

  PanelStep<Weights> panel;
  PanelStep<Weights> second;  // its tiles come behind the first's
  bool two = false;
  size_t k = 0;  // rows that exist
  uint32_t* to = nullptr;
  size_t unit = 0, last = 0;

  HWY_INLINE void run(size_t units) {
    const size_t end = unit + std::min(units, last - unit);
    for (; unit < end; ++unit) {
      run_one(panel, to + unit * 16);
      if (two) run_one(second, to + kPanelTiles + unit * 16);
    }
  }

 private:
  HWY_INLINE void run_one(const PanelStep<Weights>& from, uint32_t* tiles) const {
    const size_t row = 2 * unit;
    MOBILECLIP_UNROLL
    for (size_t i = 0; i < 2 * kWidth; i += kLine) {
      __builtin_prefetch(from.ahead.at + row * kWidth + i, 0, 2);
    }
    if (row + 2 <= k) {
      MOBILECLIP_UNROLL
      for (size_t half = 0; half < 2; ++half) {
        const size_t at = row * kWidth + half * 16;
        Split<kPieces, Pairs::kOfTwoRows>(from.rows.load(at), from.rows.load(at + kWidth),
                                          tiles + half * kPieces * kTileWords);
      }
    } else {
      run_at_end(from.rows, tiles);
    }
  }

  void run_at_end(Weights from, uint32_t* tiles) const {
    const V zero = hn::Zero(D());
    for (size_t half = 0; half < 2; ++half) {
      const size_t at = 2 * unit * kWidth + half * 16;
      Split<kPieces, Pairs::kOfTwoRows>(2 * unit < k ? from.load(at) : zero, zero,
                                        tiles + half * kPieces * kTileWords);
    }
  }
};

/// Sums of one or two panels' columns to C: bias, activation, residual. A unit is 16 of a row.
struct FinishSums {
  const float* sums = nullptr;  // rows of `width`
  size_t width = kWidth;
  size_t columns = 0;  // that exist, of the width
  const float* bias = nullptr;
  float* c = nullptr;
  size_t ldc = 0;
  const float* residual = nullptr;
  size_t residual_stride = 0;
  bool gelu = false;
  size_t unit = 0, last = 0;
  size_t row = 0, column = 0;  // of the unit

  HWY_INLINE void run(size_t units) {
    for (const size_t end = unit + std::min(units, last - unit); unit < end; ++unit) {
      if (column < columns) run_one(row, column);
      column += 16;
      if (column == width) {
        column = 0;
        ++row;
      }
    }
  }

 private:
  HWY_INLINE void run_one(size_t r, size_t at) const {
    const D d;
    V x = hn::Add(hn::Load(d, sums + r * width + at), hn::Load(d, bias + at));
    if (gelu) x = Gelu(d, x);
    float* to = c + r * ldc + at;
    const float* add = residual == nullptr ? nullptr : residual + r * residual_stride + at;
    if (columns - at >= 16) {
      if (add != nullptr) x = hn::Add(x, hn::LoadU(d, add));
      hn::StoreU(x, d, to);
    } else {
      const auto there = hn::FirstN(d, columns - at);
      if (add != nullptr) x = hn::Add(x, hn::MaskedLoad(there, d, add));
      hn::BlendedStore(x, there, d, to);
    }
  }
};

#endif  // HWY_TARGET == HWY_AVX3

}  // namespace HWY_NAMESPACE
}  // namespace mobileclip::kernels
HWY_AFTER_NAMESPACE();

#endif  // MOBILECLIP_KERNELS_AMX_PIECES_INL_H_
