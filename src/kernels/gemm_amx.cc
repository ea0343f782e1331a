#include "kernels/gemm_amx.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <type_traits>

#include "base/aligned_buffer.h"
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/gemm_amx.cc"
#include <hwy/foreach_target.h>  // NOLINT: before highway.h
#include <hwy/highway.h>

#include "kernels/amx_pieces-inl.h"
#include "kernels/amx_tiles-inl.h"

// Every float is split into three bfloat16 by cutting off: a = a1 + a2 + a3, exactly, 8 bits of its
// 24 in each. Of the nine products of two such sums the six largest are computed. Those left out
// are on average 2⁻²³ of the whole and at most 2⁻²¹, nearly the same share of every product: a
// factor of the whole sum. The tile unit multiplies bfloat16 exactly and adds in float32.
HWY_BEFORE_NAMESPACE();
namespace mobileclip::kernels {
namespace HWY_NAMESPACE {

#if HWY_TARGET == HWY_AVX3

constexpr size_t kBlockFloats = 2 * kTileRows * kWidth;

/// A way to multiply: pieces of A and of W (as many as hold its weights exactly), and which of the
/// products are added up, smallest first. Neighbours share a piece, so that few tiles are loaded.
template <size_t kPiecesA, size_t kPiecesW, class WeightsType, size_t... kPairs>
struct Way {
  static constexpr size_t kA = kPiecesA, kW = kPiecesW;
  using Weights = WeightsType;
  static constexpr size_t kAStep = kA * kTileWords, kWStep = kW * kTileWords;  // words
  static constexpr size_t kProducts = sizeof...(kPairs);
  static constexpr std::array<size_t, kProducts> kPair = {kPairs...};  // A's piece × 10 + W's
};
using Float32Way = Way<3, 3, Float32Weights, 20, 10, 11, 1, 2, 0>;
using Float16Way = Way<3, 2, Float16Weights, 20, 10, 11, 1, 0>;
using BFloat16Way = Way<3, 1, BFloat16Weights, 20, 10, 0>;
template <class Weights>
using RoundedWay = Way<1, 1, Weights, 0>;

/// What is done between the tile unit's instructions.
template <class W>
struct Background {
  FinishSums finish;
  SplitRows<W::kA> rows;
  SplitPanels<W::kW, typename W::Weights> panels;
  size_t finish_units = 0, rows_units = 0, panel_units = 0;  // each time

  HWY_INLINE void run() {
    finish.run(finish_units);
    rows.run(rows_units);
    panels.run(panel_units);
  }
};

/// The product at kIndex and those behind it.
template <class W, bool kTwo, size_t kIndex = 0>
HWY_INLINE void Products(const uint32_t* a0, const uint32_t* a1, const uint32_t* w,
                         Background<W>& background) {
  if constexpr (kIndex < W::kProducts) {
    constexpr size_t kA = W::kPair[kIndex] / 10, kW = W::kPair[kIndex] % 10;
    constexpr size_t kBefore = W::kPair[kIndex == 0 ? 0 : kIndex - 1];
    if constexpr (kIndex == 0 || kA != kBefore / 10) {
      TileLoad<4>(a0 + kA * kTileWords);
      if constexpr (kTwo) TileLoad<5>(a1 + kA * kTileWords);
    }
    if constexpr (kIndex == 0 || kW != kBefore % 10) {
      TileLoad<6>(w + kW * kTileWords);
      TileLoad<7>(w + W::kWStep + kW * kTileWords);
    }
    TileMultiplyAdd<0, 4, 6>();
    TileMultiplyAdd<1, 4, 7>();
    if constexpr (kTwo) {
      TileMultiplyAdd<2, 5, 6>();
      TileMultiplyAdd<3, 5, 7>();
    }
    background.run();
    Products<W, kTwo, kIndex + 1>(a0, a1, w, background);
  }
}

/// The same for 16 rows of A and two panels, `w` and `second`.
template <class W, size_t kIndex = 0>
HWY_INLINE void ProductsOfTwoPanels(const uint32_t* a, const uint32_t* w, const uint32_t* second,
                                    Background<W>& background) {
  if constexpr (kIndex < W::kProducts) {
    constexpr size_t kA = W::kPair[kIndex] / 10, kW = W::kPair[kIndex] % 10;
    constexpr size_t kBefore = W::kPair[kIndex == 0 ? 0 : kIndex - 1];
    if constexpr (kIndex == 0 || kA != kBefore / 10) TileLoad<4>(a + kA * kTileWords);
    if constexpr (kIndex == 0 || kW != kBefore % 10) {
      TileLoad<6>(w + kW * kTileWords);
      TileLoad<7>(w + W::kWStep + kW * kTileWords);
    }
    TileMultiplyAdd<0, 4, 6>();
    TileMultiplyAdd<1, 4, 7>();
    TileLoad<5>(second + kW * kTileWords);
    TileMultiplyAdd<2, 4, 5>();
    TileLoad<5>(second + W::kWStep + kW * kTileWords);
    TileMultiplyAdd<3, 4, 5>();
    background.run();
    ProductsOfTwoPanels<W, kIndex + 1>(a, w, second, background);
  }
}

HWY_INLINE void ZeroSums() {
  TileZero<0>();
  TileZero<1>();
  TileZero<2>();
  TileZero<3>();
}

template <bool kTwo>
HWY_INLINE void LoadSums(const float* from) {
  TileLoad<0>(from, kWidth * 4);
  TileLoad<1>(from + 16, kWidth * 4);
  if constexpr (kTwo) {
    TileLoad<2>(from + kTileRows * kWidth, kWidth * 4);
    TileLoad<3>(from + kTileRows * kWidth + 16, kWidth * 4);
  }
}

HWY_INLINE void StoreSumsOfTwoPanels(float* to) {
  TileStore<0>(to, 2 * kWidth * 4);
  TileStore<1>(to + 16, 2 * kWidth * 4);
  TileStore<2>(to + kWidth, 2 * kWidth * 4);
  TileStore<3>(to + kWidth + 16, 2 * kWidth * 4);
}

template <bool kTwo>
HWY_INLINE void StoreSums(float* to) {
  TileStore<0>(to, kWidth * 4);
  TileStore<1>(to + 16, kWidth * 4);
  if constexpr (kTwo) {
    TileStore<2>(to + kTileRows * kWidth, kWidth * 4);
    TileStore<3>(to + kTileRows * kWidth + 16, kWidth * 4);
  }
}

/// Adds `steps` steps to sums: 32 rows of 32, or 16.
template <class W, bool kTwo>
HWY_INLINE void RunSteps(const uint32_t* a, size_t a_stride, const uint32_t* w, size_t steps,
                         bool fresh, float* sums, Background<W>& background) {
  if (fresh) {
    ZeroSums();
  } else {
    LoadSums<kTwo>(sums);
  }
  for (size_t s = 0; s < steps; ++s) {
    Products<W, kTwo>(a + s * W::kAStep, a + a_stride + s * W::kAStep, w + s * 2 * W::kWStep,
                      background);
  }
  StoreSums<kTwo>(sums);
}

/// Memory of one thread, as much as was ever needed.
struct Scratch {
  AlignedBuffer a, w, sums;
};

float* at_least(AlignedBuffer& buffer, size_t size) {
  if (buffer.size() < size) buffer = AlignedBuffer(size);
  return buffer.data();
}

uint32_t* words(AlignedBuffer& buffer, size_t size) {
  return reinterpret_cast<uint32_t*>(at_least(buffer, size));
}

constexpr size_t kHigh = 2 * kTileRows;  // of a block of rows
constexpr size_t kAll = ~size_t{0};

thread_local Scratch thread_scratch;

template <class W>
class Run {
 public:
  explicit Run(const GemmBlock& block)
      : block_(block),
        k_(block.w.k()),
        steps_(divide_up(k_, kStep)),
        rows_(block.row_end - block.row_begin),
        row_blocks_(divide_up(rows_, kHigh)),
        panels_(block.tile_end - block.tile_begin) {}

  void run() {
    if (row_blocks_ == 1) {
      run_few_rows();
    } else if (panels_ * steps_ <= kResidentSteps && row_blocks_ >= kResidentRowBlocks) {
      run_resident();
    } else {
      run_streaming();
    }
  }

 private:
  // All of W as tiles, which stay in L2; rows of A go by.
  static constexpr size_t kResidentSteps = 80, kResidentRowBlocks = 8;

  void run_resident() {
    Background<W>& back = background_;
    const size_t panel_words = steps_ * 2 * W::kWStep;
    const size_t block_words = 2 * steps_ * W::kAStep;
    uint32_t* const w = words(scratch_.w, panels_ * panel_words);
    uint32_t* const a = words(scratch_.a, 2 * block_words);
    float* const sums = at_least(scratch_.sums, 2 * kBlockFloats);
    for (size_t p = 0; p < panels_; ++p) {
      for (size_t step = 0; step < steps_; ++step) {
        start_step(p, 1, step, w + p * panel_words + step * 2 * W::kWStep);
        back.panels.run(kAll);
      }
    }
    split_rows(0, 0, steps_, a, steps_);
    back.rows.run(kAll);
    size_t at = 0;
    for (size_t b = 0; b < row_blocks_; ++b) {
      back.rows_units = 0;
      if (b + 1 < row_blocks_) {
        split_rows(b + 1, 0, steps_, a + (b + 1) % 2 * block_words, steps_);
        back.rows_units = divide_up(kHigh, panels_ * W::kProducts);
      }
      for (size_t p = 0; p < panels_; ++p, at ^= 1) {
        back.finish_units = divide_up(back.finish.last, steps_ * W::kProducts);
        run_steps(b, a + b % 2 * block_words, steps_, w + p * panel_words, steps_, true,
                  sums + at * kBlockFloats);
        back.finish.run(kAll);
        finish(p, b * kHigh, height(b), sums + at * kBlockFloats);
      }
      back.rows.run(kAll);
    }
    back.finish.run(kAll);
  }

  // Sums stay in the unit, all steps of A are tiles. With up to 16 rows two panels go by at a time:
  // every product waits for the one before it in the same sum, and the time goes to reading the
  // weights, which is faster in two streams.
  void run_few_rows() {
    Background<W>& back = background_;
    const size_t at_a_time = rows_ <= kTileRows ? 2 : 1;  // panels
    uint32_t* const a = words(scratch_.a, (3 - at_a_time) * steps_ * W::kAStep);
    uint32_t* const w = words(scratch_.w, 2 * kStepWords);
    float* const sums = at_least(scratch_.sums, kBlockFloats);
    split_rows(0, 0, steps_, a, steps_);
    back.rows.run(kAll);
    size_t buffer = 0;
    start_step(0, std::min(at_a_time, panels_), 0, w);
    back.panels.run(kAll);
    for (size_t p = 0, count; p < panels_; p += count) {
      count = std::min(at_a_time, panels_ - p);
      back.finish_units = divide_up(back.finish.last, steps_ * W::kProducts);
      ZeroSums();
      for (size_t step = 0; step < steps_; ++step) {
        const uint32_t* const at_a = a + step * W::kAStep;
        const uint32_t* const at_w = w + buffer * kStepWords;
        buffer ^= 1;
        back.panel_units = divide_up(back.panels.last, W::kProducts);
        if (step + 1 < steps_) {
          start_step(p, count, step + 1, w + buffer * kStepWords);
        } else if (p + count < panels_) {
          start_step(p + count, std::min(at_a_time, panels_ - p - count), 0,
                     w + buffer * kStepWords);
        }
        if (count == 2) {
          ProductsOfTwoPanels<W>(at_a, at_w, at_w + 2 * W::kWStep, back);
        } else if (rows_ <= kTileRows) {
          Products<W, false>(at_a, nullptr, at_w, back);
        } else {
          Products<W, true>(at_a, at_a + steps_ * W::kAStep, at_w, back);
        }
        back.panels.run(kAll);
      }
      back.finish.run(kAll);
      if (count == 2) {
        StoreSumsOfTwoPanels(sums);
      } else if (rows_ <= kTileRows) {
        StoreSums<false>(sums);
      } else {
        StoreSums<true>(sums);
      }
      finish(p, 0, rows_, sums, count);
    }
    back.finish.run(kAll);
  }

  static constexpr size_t kStepWords = 2 * 2 * W::kWStep;  // of two panels' tiles

  // A step of one panel or of two to tiles, in the background.
  void start_step(size_t p, size_t count, size_t step, uint32_t* to) {
    const size_t row = step * kStep;
    // Behind the end of a panel comes the one that follows when these `count` are done.
    const bool goes_on = row + kAhead < k_;
    const auto step_of = [&](size_t at) -> PanelStep<typename W::Weights> {
      return {panel(at, row),
              goes_on ? panel(at, row + kAhead) : panel(at + count, row + kAhead - k_)};
    };
    background_.panels = {
        step_of(p), count == 2 ? step_of(p + 1) : PanelStep<typename W::Weights>{},
        count == 2, std::min(kStep, k_ - row),
        to,         0,
        kStep / 2};
  }

  // Panels of W go by, a step of one at a time for all rows; the tiles of A stay in L2. Long k are
  // taken in blocks, so that these are not too many.
  static constexpr size_t kMostSteps = 32;
  static constexpr size_t kPassWords = (896 << 10) / 4;

  void run_streaming() {
    const size_t k_blocks = std::max<size_t>(1, divide_up(steps_, kMostSteps));
    const size_t block_steps = divide_up(steps_, k_blocks);
    const size_t most =
        std::max<size_t>(1, kPassWords / (2 * std::max<size_t>(1, block_steps) * W::kAStep));
    const size_t passes = divide_up(row_blocks_, most);
    for (size_t pass = 0; pass < passes; ++pass) {
      const size_t first = row_blocks_ * pass / passes, end = row_blocks_ * (pass + 1) / passes;
      const size_t floats = (end - first) * kBlockFloats;
      at_least(scratch_.a, (end - first) * 2 * block_steps * W::kAStep);
      at_least(scratch_.w, 2 * 2 * W::kWStep);
      at_least(scratch_.sums, (k_blocks == 1 ? std::min<size_t>(2, panels_) : panels_) * floats);
      for (size_t i = 0; i < k_blocks; ++i) {
        const size_t from = std::min(steps_, i * block_steps);
        const size_t to = std::min(steps_, from + block_steps);
        run_k_block(first, end, from, to, i == 0, i + 1 == k_blocks, k_blocks == 1 ? 2 : panels_);
      }
      background_.finish.run(kAll);
    }
  }

  // Row blocks [first, end), steps [from, to).
  void run_k_block(size_t first, size_t end, size_t from, size_t to, bool fresh, bool last,
                   size_t sum_panels) {
    Background<W>& back = background_;
    const size_t row_blocks = end - first, steps = to - from;
    const size_t block_words = 2 * steps * W::kAStep;
    uint32_t* const a = words(scratch_.a, 0);
    uint32_t* const w = words(scratch_.w, 0);
    const auto start_panel = [&](size_t p, size_t step, size_t buffer) {
      start_step(p, 1, step, w + buffer * 2 * W::kWStep);
    };
    const auto start_rows = [&](size_t b, size_t step) {
      split_rows(first + b, step, 1, a + b * block_words + (step - from) * W::kAStep, steps);
    };
    size_t buffer = 0;
    start_panel(0, from, 0);
    back.panels.run(kAll);
    start_rows(0, from);
    back.rows.run(kAll);
    for (size_t p = 0; p < panels_; ++p) {
      float* const sums = scratch_.sums.data() + p % sum_panels * row_blocks * kBlockFloats;
      back.finish_units =
          divide_up(back.finish.last - back.finish.unit, row_blocks * steps * W::kProducts);
      for (size_t step = from; step < to; ++step, buffer ^= 1) {
        const bool more = step + 1 < to;
        back.panel_units = 0;
        if (more || p + 1 < panels_) {
          start_panel(more ? p : p + 1, more ? step + 1 : from, buffer ^ 1);
          back.panel_units = divide_up(back.panels.last, row_blocks * W::kProducts);
        }
        for (size_t b = 0; b < row_blocks; ++b) {
          back.rows_units = 0;
          if (p == 0 && (b + 1 < row_blocks || more)) {
            const bool next_row = b + 1 < row_blocks;
            start_rows(next_row ? b + 1 : 0, next_row ? step : step + 1);
            back.rows_units = divide_up(kHigh, W::kProducts);
          }
          run_steps(first + b, a + b * block_words + (step - from) * W::kAStep, steps,
                    w + buffer * 2 * W::kWStep, 1, fresh && step == from, sums + b * kBlockFloats);
          back.rows.run(kAll);
        }
        back.panels.run(kAll);
      }
      back.finish.run(kAll);
      if (last) finish(p, first * kHigh, std::min(rows_, end * kHigh) - first * kHigh, sums);
    }
  }

  size_t height(size_t row_block) const { return std::min(kHigh, rows_ - row_block * kHigh); }

  typename W::Weights panel(size_t p, size_t from_k) const {
    const size_t offset = ((block_.tile_begin + p) * k_ + from_k) * kWidth;
    if constexpr (std::is_same_v<typename W::Weights, Float32Weights>) {
      return {block_.w.panels() + offset};
    } else {
      return {block_.w.narrow_panels() + offset};
    }
  }

  void split_rows(size_t row_block, size_t step, size_t steps, uint32_t* to, size_t tile_steps) {
    const size_t high = height(row_block);
    background_.rows = {
        block_.a + (block_.row_begin + row_block * kHigh) * block_.lda + step * kStep,
        block_.lda,
        high,
        k_ - step * kStep,
        steps,
        to,
        tile_steps * W::kAStep,
        0,
        0,
        divide_up(high, kTileRows) * kTileRows};
  }

  void run_steps(size_t row_block, const uint32_t* a, size_t tile_steps, const uint32_t* w,
                 size_t steps, bool fresh, float* sums) {
    if (height(row_block) > kTileRows) {
      RunSteps<W, true>(a, tile_steps * W::kAStep, w, steps, fresh, sums, background_);
    } else {
      RunSteps<W, false>(a, 0, w, steps, fresh, sums, background_);
    }
  }

  /// From now on the background brings these sums, of one panel or two, to C.
  void finish(size_t p, size_t row, size_t rows, const float* sums, size_t panels = 1) {
    const Epilogue& epilogue = block_.epilogue;
    const size_t column = (block_.tile_begin + p) * kWidth;
    row += block_.row_begin;
    background_.finish = {sums,
                          panels * kWidth,
                          std::min(panels * kWidth, block_.w.n() - column),
                          block_.w.bias() + column,
                          block_.c + row * block_.ldc + column,
                          block_.ldc,
                          epilogue.residual == nullptr
                              ? nullptr
                              : epilogue.residual + row * epilogue.residual_stride + column,
                          epilogue.residual_stride,
                          epilogue.activation == Activation::kGelu,
                          0,
                          panels * 2 * rows,
                          0,
                          0};
  }

  Scratch& scratch_ = thread_scratch;
  const GemmBlock& block_;
  const size_t k_, steps_, rows_, row_blocks_, panels_;
  Background<W> background_;
};

void BlockAmx(const GemmBlock& block) {
  if (block.row_begin == block.row_end || block.tile_begin == block.tile_end) return;
  const ScopedTiles tiles(block.row_end - block.row_begin);
  const bool rounded = block.w.precision() == Precision::kBFloat16;
  switch (block.w.dtype()) {
    case DType::kFloat16:
      return rounded ? Run<RoundedWay<Float16Weights>>(block).run() : Run<Float16Way>(block).run();
    case DType::kBFloat16:
      return rounded ? Run<RoundedWay<BFloat16Weights>>(block).run()
                     : Run<BFloat16Way>(block).run();
    default:
      return rounded ? Run<RoundedWay<Float32Weights>>(block).run() : Run<Float32Way>(block).run();
  }
}

#else

void BlockAmx(const GemmBlock& /*block*/) {}  // never chosen

#endif

}  // namespace HWY_NAMESPACE
}  // namespace mobileclip::kernels
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace mobileclip::kernels {
namespace {
HWY_EXPORT(BlockAmx);
}  // namespace

void gemm_block_amx(const GemmBlock& block) { HWY_DYNAMIC_DISPATCH(BlockAmx)(block); }

}  // namespace mobileclip::kernels
#endif  // HWY_ONCE
