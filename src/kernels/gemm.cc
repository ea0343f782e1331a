#include "kernels/gemm.h"

#include <algorithm>
#include <numeric>
#include <utility>

#include "base/cache.h"
#include "base/error.h"
#include "kernels/gemm_amx.h"
#include "kernels/isa.h"
#include "kernels/unroll.h"
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/gemm.cc"
#include <hwy/foreach_target.h>  // NOLINT: before highway.h
#include <hwy/highway.h>

#include "kernels/gelu-inl.h"

HWY_BEFORE_NAMESPACE();
namespace mobileclip::kernels {
namespace HWY_NAMESPACE {

namespace hn = hwy::HWY_NAMESPACE;
using D = hn::ScalableTag<float>;
using V = hn::Vec<D>;

// The register tile: kMaxRows × 2 vectors of sums, 2 of weights and one broadcast.
#if HWY_TARGET == HWY_AVX3 || HWY_TARGET == HWY_NEON
constexpr size_t kMaxRows = 12;
#else
constexpr size_t kMaxRows = 6;
#endif

// Tiles in a stored panel; one where it is as wide as the tile.
constexpr size_t kStoredTiles = kStoredPanelWidth / (2 * hn::MaxLanes(D()));

size_t TileWidth() { return 2 * hn::Lanes(D()); }

struct Tile {
  const float* a;
  size_t lda;
  const float* panel;
  const float* next;  // what to bring to L2 meanwhile: a share of the next panel
  size_t next_step;   // floats of it per k
  const float* bias;
  size_t k;
  const float* partial_in;  // the sums over the k before these; null: start from bias
  float* partial_out;       // where the sums go when more k follow; null: they are whole
  float* c;
  size_t ldc;
  size_t columns;  // that exist, of the tile's
  Activation activation;
  const float* residual;
  size_t residual_stride;
};

// Weights come from far away: the tile asks for what it needs kAhead steps later, and for its share
// of the next panel.
constexpr size_t kAhead = 8;
constexpr size_t kVectorsPerLine = std::max<size_t>(1, 16 / hn::MaxLanes(D()));
constexpr int kToL1 = 3, kToL2 = 2;  // __builtin_prefetch's locality

template <int kLevel>
HWY_INLINE void Prefetch(const float* address) {
  __builtin_prefetch(address, 0, kLevel);
}

/// One vector of sums to C: activation, residual; a part of a vector goes through a small buffer.
HWY_INLINE void Finish(V sum, const Tile& t, size_t row, size_t column) {
  const D d;
  const size_t lanes = hn::Lanes(d);
  if (t.activation == Activation::kGelu) sum = Gelu(d, sum);
  float* c = t.c + row * t.ldc + column;
  const float* residual =
      t.residual == nullptr ? nullptr : t.residual + row * t.residual_stride + column;
  if (t.columns >= column + lanes) {
    if (residual != nullptr) sum = hn::Add(sum, hn::LoadU(d, residual));
    hn::StoreU(sum, d, c);
    return;
  }
  HWY_ALIGN float buffer[hn::MaxLanes(D())];
  hn::Store(sum, d, buffer);
  for (size_t i = 0; column + i < t.columns; ++i) {
    c[i] = residual == nullptr ? buffer[i] : buffer[i] + residual[i];
  }
}

/// kPanelTiles: how many tiles one panel is wide, so that the step from one k to the next is known.
template <size_t kRows, size_t kVectors, size_t kPanelTiles>
void RunTile(const Tile& t) {
  const D d;
  const size_t lanes = hn::Lanes(d);
  V sums[kRows][kVectors];
  if (t.partial_in == nullptr) {
    MOBILECLIP_UNROLL
    for (size_t v = 0; v < kVectors; ++v) {
      const V bias = hn::Load(d, t.bias + v * lanes);
      MOBILECLIP_UNROLL
      for (size_t r = 0; r < kRows; ++r) sums[r][v] = bias;
    }
  } else {
    MOBILECLIP_UNROLL
    for (size_t r = 0; r < kRows; ++r) {
      MOBILECLIP_UNROLL
      for (size_t v = 0; v < kVectors; ++v) {
        sums[r][v] = hn::Load(d, t.partial_in + (r * 2 + v) * lanes);
      }
    }
  }
  const float* HWY_RESTRICT panel = t.panel;
  const float* HWY_RESTRICT a = t.a;
  const size_t lda = t.lda;
  // One moving pointer into A and the rows' distances from it in registers: compilers do not keep
  // twelve pointers there.
  const float* next = t.next;
  const size_t next_step = t.next_step;
  for (size_t k = t.k; k > 0; --k, ++a, panel += kPanelTiles * 2 * lanes, next += next_step) {
    MOBILECLIP_UNROLL
    for (size_t v = 0; v < kVectors; v += kVectorsPerLine) {
      Prefetch<kToL1>(panel + kAhead * kPanelTiles * 2 * lanes + v * lanes);
    }
    Prefetch<kToL2>(next);
    V w[kVectors];
    MOBILECLIP_UNROLL
    for (size_t v = 0; v < kVectors; ++v) w[v] = hn::Load(d, panel + v * lanes);
    MOBILECLIP_UNROLL
    for (size_t r = 0; r < kRows; ++r) {
      const V x = hn::Set(d, a[r * lda]);
      MOBILECLIP_UNROLL
      for (size_t v = 0; v < kVectors; ++v) sums[r][v] = hn::MulAdd(x, w[v], sums[r][v]);
    }
  }
  if (t.partial_out != nullptr) {
    MOBILECLIP_UNROLL
    for (size_t r = 0; r < kRows; ++r) {
      MOBILECLIP_UNROLL
      for (size_t v = 0; v < kVectors; ++v) {
        hn::Store(sums[r][v], d, t.partial_out + (r * 2 + v) * lanes);
      }
    }
    return;
  }
  MOBILECLIP_UNROLL
  for (size_t r = 0; r < kRows; ++r) {
    MOBILECLIP_UNROLL
    for (size_t v = 0; v < kVectors; ++v) {
      if (t.columns > v * lanes) Finish(sums[r][v], t, r, v * lanes);
    }
  }
}

/// Runs the tile of the right height; the heights are compile-time constants.
template <size_t kVectors, size_t kPanelTiles, size_t kRows = kMaxRows>
HWY_INLINE void RunRows(size_t rows, const Tile& t) {
  if constexpr (kRows > 0) {
    if (rows == kRows) return RunTile<kRows, kVectors, kPanelTiles>(t);
    RunRows<kVectors, kPanelTiles, kRows - 1>(rows, t);
  }
}

template <size_t kPanelTiles>
HWY_INLINE void RunColumns(size_t rows, const Tile& t) {
  if (t.columns > hn::Lanes(D())) {
    RunRows<2, kPanelTiles>(rows, t);
  } else {
    RunRows<1, kPanelTiles>(rows, t);
  }
}

/// `k` rows of a 16-bit panel, as wide as the tile, as floats.
void Widen(const PackedMatrix& w, size_t offset, size_t k, float* to) {
  const D d;
  const size_t lanes = hn::Lanes(d);
  const uint16_t* from = w.narrow_panels() + offset;
  const hn::Rebind<hwy::bfloat16_t, D> db;
  const hn::Rebind<hwy::float16_t, D> dh;
  const hn::Rebind<uint16_t, D> du;
  for (; k > 0; --k, from += w.panel_width(), to += 2 * lanes) {
    for (size_t v = 0; v < 2; ++v) {
      const auto bits = hn::LoadU(du, from + v * lanes);
      hn::Store(w.dtype() == DType::kBFloat16 ? hn::PromoteTo(d, hn::BitCast(db, bits))
                                              : hn::PromoteTo(d, hn::BitCast(dh, bits)),
                d, to + v * lanes);
    }
  }
}

// Rows of one pass over the panels: whole tiles, and few enough that their sums over a part of k
// stay in L1.
constexpr size_t kMaxPassRows = 216;

/// Rows [row_begin, row_end) × tiles of columns [tile_begin, tile_end). The k are taken in blocks
/// whose part of a panel stays in L1 for all rows of the pass; sums wait in `partial` between
/// blocks, which changes none of their bits.
void Block(const float* a, size_t lda, const PackedMatrix& w, float* c, size_t ldc,
           const Epilogue& epilogue, size_t row_begin, size_t row_end, size_t tile_begin,
           size_t tile_end, size_t pass_floats) {
  const size_t width = TileWidth();
  const size_t k = w.k();
  constexpr size_t kBlock = 288;
  const size_t blocks = std::max<size_t>(1, (k + kBlock - 1) / kBlock);
  HWY_ALIGN float partial[kMaxPassRows * 2 * hn::MaxLanes(D())];
  // A part of a 16-bit panel, widened once for all rows of a pass.
  HWY_ALIGN float wide[kBlock * 2 * hn::MaxLanes(D())];
  const bool narrow = w.dtype() != DType::kFloat32;
  // Rows of A per pass: they stay in L2 while all panels go by. Passes are of nearly equal height,
  // and so are the tiles in them: no short one at the end would leave the FMA units idle.
  const size_t most = std::clamp(pass_floats / std::max<size_t>(1, k), 4 * kMaxRows, kMaxPassRows);
  const size_t passes = (row_end - row_begin + most - 1) / most;
  const auto offset_of = [&](size_t p, size_t at_k) {
    const size_t in_panel = p * width % w.panel_width();
    return (p * width - in_panel) * k + in_panel + at_k * w.panel_width();
  };
  // To ask for ahead of time; of 16-bit panels twice as much as is needed.
  const auto address_of = [&](size_t offset) {
    return narrow ? reinterpret_cast<const float*>(w.narrow_panels() + offset)
                  : w.panels() + offset;
  };
  for (size_t pass = 0; pass < passes; ++pass) {
    const size_t first = row_begin + (row_end - row_begin) * pass / passes;
    const size_t rows = row_begin + (row_end - row_begin) * (pass + 1) / passes - first;
    const size_t tiles = (rows + kMaxRows - 1) / kMaxRows;
    Tile t;
    t.lda = lda;
    t.ldc = ldc;
    t.activation = epilogue.activation;
    t.residual_stride = epilogue.residual_stride;
    t.next_step = std::min<size_t>(16, w.panel_width() / tiles);
    for (size_t p = tile_begin; p < tile_end; ++p) {
      t.bias = w.bias() + p * width;
      t.columns = std::min(width, w.n() - p * width);
      for (size_t block = 0; block < blocks; ++block) {
        const size_t from_k = k * block / blocks;
        const bool last = block + 1 == blocks;
        t.k = k * (block + 1) / blocks - from_k;
        const size_t offset = offset_of(p, from_k);
        if (narrow) Widen(w, offset, t.k, wide);
        t.panel = narrow ? wide : w.panels() + offset;
        const float* next = address_of(!last              ? offset_of(p, from_k + t.k)
                                       : p + 1 < tile_end ? offset_of(p + 1, 0)
                                                          : offset_of(tile_begin, 0));
        for (size_t i = 0; i < tiles; ++i) {
          const size_t in_pass = rows * i / tiles;
          const size_t height = rows * (i + 1) / tiles - in_pass;
          const size_t begin = first + in_pass;
          t.partial_in = block == 0 ? nullptr : partial + in_pass * width;
          t.partial_out = last ? nullptr : partial + in_pass * width;
          t.next = next + i * t.next_step * t.k;
          t.a = a + begin * lda + from_k;
          t.c = c + begin * ldc + p * width;
          t.residual = epilogue.residual == nullptr
                           ? nullptr
                           : epilogue.residual + begin * epilogue.residual_stride + p * width;
          if (narrow || w.panel_width() == width) {
            RunColumns<1>(height, t);
          } else {
            RunColumns<kStoredTiles>(height, t);
          }
        }
      }
    }
  }
}

}  // namespace HWY_NAMESPACE
}  // namespace mobileclip::kernels
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace mobileclip::kernels {
namespace {

HWY_EXPORT(TileWidth);
HWY_EXPORT(Block);

size_t divide_up(size_t a, size_t b) { return (a + b - 1) / b; }

/// Floats of A that half of a core's L2 cache holds.
size_t pass_floats() { return l2_cache_bytes() / 2 / sizeof(float); }

size_t tile_width() { return HWY_DYNAMIC_DISPATCH(TileWidth)(); }

/// The transposition into panels, in blocks of k so that the lines it writes stay in L1.
template <typename T>
void fill_panels(const T* weight, const T* bias, size_t n, size_t k, size_t width, float* panels,
                 float* padded_bias) {
  constexpr size_t kBlock = 16;
  for (size_t p = 0; p < divide_up(n, width); ++p) {
    const size_t first = p * width;
    const size_t rows = std::min(width, n - first);
    for (size_t j = 0; j < width; ++j) {
      const bool exists = j < rows && bias != nullptr;
      padded_bias[first + j] = exists ? static_cast<float>(bias[first + j]) : 0.0f;
    }
    float* panel = panels + first * k;
    if (rows < width) std::fill_n(panel, k * width, 0.0f);
    for (size_t begin = 0; begin < k; begin += kBlock) {
      const size_t end = std::min(k, begin + kBlock);
      for (size_t j = 0; j < rows; ++j) {
        const T* from = weight + (first + j) * k;
        for (size_t i = begin; i < end; ++i) panel[i * width + j] = static_cast<float>(from[i]);
      }
    }
  }
}

void run_block(const float* a, size_t lda, const PackedMatrix& w, float* c, size_t ldc,
               const Epilogue& epilogue, size_t row_begin, size_t row_end, size_t tile_begin,
               size_t tile_end) {
  if (w.panel_width() % tile_width() != 0) {
    fail(ErrorCode::kInternal, "weights packed for another instruction set were used");
  }
  if (w.precision() == Precision::kBFloat16 && !amx_in_use()) {
    fail(ErrorCode::kInternal, "bfloat16 products without the tile unit");
  }
  if (amx_in_use()) {
    return gemm_block_amx({a, lda, w, c, ldc, epilogue, row_begin, row_end, tile_begin, tile_end});
  }
  HWY_DYNAMIC_DISPATCH(Block)
  (a, lda, w, c, ldc, epilogue, row_begin, row_end, tile_begin, tile_end, pass_floats());
}

// Rows of one task: a pass or more, so that a panel is read once for many rows.
constexpr size_t kTaskRows = 216;

}  // namespace

template <typename T>
PackedMatrix PackedMatrix::make(const T* weight, const T* bias, size_t n, size_t k,
                                size_t panel_width) {
  PackedMatrix out;
  out.n_ = n;
  out.k_ = k;
  out.panel_width_ = panel_width == 0 ? tile_width() : panel_width;
  const size_t padded = divide_up(n, out.panel_width_) * out.panel_width_;
  AlignedBuffer panels(padded * k);
  AlignedBuffer padded_bias(padded);
  fill_panels(weight, bias, n, k, out.panel_width_, panels.data(), padded_bias.data());
  out.panels_ = FloatStore(std::move(panels));
  out.bias_ = FloatStore(std::move(padded_bias));
  return out;
}

PackedMatrix PackedMatrix::pack(const float* weight, const float* bias, size_t n, size_t k,
                                size_t panel_width) {
  return make(weight, bias, n, k, panel_width);
}

PackedMatrix PackedMatrix::pack(const double* weight, const double* bias, size_t n, size_t k,
                                size_t panel_width) {
  return make(weight, bias, n, k, panel_width);
}

PackedMatrix PackedMatrix::from_stored(FloatStore panels, FloatStore bias, size_t n, size_t k) {
  PackedMatrix out;
  out.n_ = n;
  out.k_ = k;
  out.panel_width_ = kStoredPanelWidth;
  out.panels_ = std::move(panels);
  out.bias_ = std::move(bias);
  return out;
}

PackedMatrix PackedMatrix::from_stored(std::span<const uint16_t> panels, DType dtype,
                                       FloatStore bias, size_t n, size_t k) {
  PackedMatrix out = from_stored(FloatStore(), std::move(bias), n, k);
  out.dtype_ = dtype;
  out.narrow_ = panels;
  return out;
}

void gemm(const float* a, size_t lda, size_t m, const PackedMatrix& w, float* c, size_t ldc,
          const Epilogue& epilogue) {
  run_block(a, lda, w, c, ldc, epilogue, 0, m, 0, divide_up(w.n(), tile_width()));
}

void gemm(ThreadPool& pool, const float* a, size_t lda, size_t m, const PackedMatrix& w, float* c,
          size_t ldc, const Epilogue& epilogue) {
  gemm(pool, a, lda, m, w, c, ldc, Columns{}, epilogue);
}

void gemm(ThreadPool& pool, const float* a, size_t lda, size_t m, const PackedMatrix& w, float* c,
          size_t ldc, Columns columns, const Epilogue& epilogue) {
  const size_t end = std::min(columns.end, w.n());
  if (m == 0 || columns.begin >= end) return;
  if (columns.begin % kStoredPanelWidth != 0 || (end != w.n() && end % kStoredPanelWidth != 0)) {
    fail(ErrorCode::kInternal, "columns {} to {} are not whole panels", columns.begin, end);
  }
  const size_t first_tile = columns.begin / tile_width();
  const size_t tiles = divide_up(end, tile_width()) - first_tile;
  const auto threads = static_cast<size_t>(pool.threads());
  size_t row_parts = divide_up(m, kTaskRows);
  // Enough tasks to even the load; weights are split before rows are made short. On the tile unit
  // every task splits its rows or its weights anew: there the fewest that give each thread as many.
  size_t parts = divide_up(threads == 1 ? 1 : 4 * threads, row_parts);
  if (amx_in_use()) {
    if (row_parts > 1) row_parts = divide_up(row_parts, threads) * threads;
    parts = threads / std::gcd(row_parts, threads);
  }
  const size_t tile_parts = std::min(tiles, parts);
  pool.parallel_for(row_parts * tile_parts, [&](size_t task, int) {
    const size_t r = task / tile_parts;
    const size_t p = task % tile_parts;
    run_block(a, lda, w, c, ldc, epilogue, m * r / row_parts, m * (r + 1) / row_parts,
              first_tile + tiles * p / tile_parts, first_tile + tiles * (p + 1) / tile_parts);
  });
}

}  // namespace mobileclip::kernels
#endif  // HWY_ONCE
