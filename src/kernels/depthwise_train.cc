#include "kernels/depthwise_train.h"

#include <algorithm>
#include <vector>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/depthwise_train.cc"
#include <hwy/foreach_target.h>  // IWYU pragma: keep
#include <hwy/highway.h>

HWY_BEFORE_NAMESPACE();
namespace mobileclip::kernels {
namespace HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

// Sixteen channels side by side: a tile holds [position][kPlaneBlock] so that every tap is one
// multiply-add of whole vectors; planes of 2 × 2 to 24 × 24 stay in the first-level cache.

/// Valid taps [begin, end) of output position `o`: 0 ≤ o · stride + k − pad < extent.
struct Taps {
  size_t begin, end;
};
HWY_INLINE Taps taps_of(size_t o, size_t stride, size_t pad, size_t kernel, size_t extent) {
  const size_t at = o * stride;
  const size_t begin = at < pad ? pad - at : 0;
  const size_t last = extent + pad - at;  // first tap beyond the edge
  return {begin, std::min(kernel, last)};
}

/// Planes of up to kPlaneBlock channels to a tile and back; `step` floats from one plane to the
/// next. Missing channels are zeros.
HWY_INLINE void gather(const float* planes, size_t step, size_t lanes, size_t positions,
                       float* tile) {
  if (lanes < kPlaneBlock) std::fill_n(tile, positions * kPlaneBlock, 0.0F);
  for (size_t l = 0; l < lanes; ++l) {
    const float* plane = planes + l * step;
    for (size_t i = 0; i < positions; ++i) tile[i * kPlaneBlock + l] = plane[i];
  }
}
HWY_INLINE void scatter(const float* tile, size_t step, size_t lanes, size_t positions,
                        float* planes) {
  for (size_t l = 0; l < lanes; ++l) {
    float* plane = planes + l * step;
    for (size_t i = 0; i < positions; ++i) plane[i] = tile[i * kPlaneBlock + l];
  }
}

/// y[o] = Σ x[o · stride + k − pad] · w[k] of one tile, for the lanes [lane, lane + Lanes(d)).
template <class D>
HWY_INLINE void conv_tile(D d, const PlaneConv& s, const float* x, const float* w, float* y,
                          size_t lane) {
  for (size_t oy = 0; oy < s.out_height(); ++oy) {
    const Taps ty = taps_of(oy, s.stride, s.pad_h, s.kernel_h, s.height);
    for (size_t ox = 0; ox < s.out_width(); ++ox) {
      const Taps tx = taps_of(ox, s.stride, s.pad_w, s.kernel_w, s.width);
      auto even = hn::Zero(d), odd = hn::Zero(d);
      for (size_t ky = ty.begin; ky < ty.end; ++ky) {
        const size_t iy = oy * s.stride + ky - s.pad_h;
        const float* row =
            x + (iy * s.width + ox * s.stride + tx.begin - s.pad_w) * kPlaneBlock + lane;
        const float* taps = w + (ky * s.kernel_w + tx.begin) * kPlaneBlock + lane;
        size_t k = tx.begin;
        for (; k + 2 <= tx.end; k += 2, row += 2 * kPlaneBlock, taps += 2 * kPlaneBlock) {
          even = hn::MulAdd(hn::Load(d, row), hn::Load(d, taps), even);
          odd = hn::MulAdd(hn::Load(d, row + kPlaneBlock), hn::Load(d, taps + kPlaneBlock), odd);
        }
        if (k < tx.end) even = hn::MulAdd(hn::Load(d, row), hn::Load(d, taps), even);
      }
      hn::Store(hn::Add(even, odd), d, y + (oy * s.out_width() + ox) * kPlaneBlock + lane);
    }
  }
}

/// dx[i] += Σ dy[o] · w[k] over the outputs that read i.
template <class D>
HWY_INLINE void input_tile(D d, const PlaneConv& s, const float* dy, const float* w, float* dx,
                           size_t lane) {
  for (size_t oy = 0; oy < s.out_height(); ++oy) {
    const Taps ty = taps_of(oy, s.stride, s.pad_h, s.kernel_h, s.height);
    for (size_t ox = 0; ox < s.out_width(); ++ox) {
      const Taps tx = taps_of(ox, s.stride, s.pad_w, s.kernel_w, s.width);
      const auto g = hn::Load(d, dy + (oy * s.out_width() + ox) * kPlaneBlock + lane);
      for (size_t ky = ty.begin; ky < ty.end; ++ky) {
        const size_t iy = oy * s.stride + ky - s.pad_h;
        float* row = dx + (iy * s.width + ox * s.stride + tx.begin - s.pad_w) * kPlaneBlock + lane;
        const float* taps = w + (ky * s.kernel_w + tx.begin) * kPlaneBlock + lane;
        for (size_t k = tx.begin; k < tx.end; ++k, row += kPlaneBlock, taps += kPlaneBlock) {
          hn::Store(hn::MulAdd(g, hn::Load(d, taps), hn::Load(d, row)), d, row);
        }
      }
    }
  }
}

/// dw[k] += Σ_o dy[o] · x[o · stride + k − pad]: one row of taps at a time, its sums in registers.
template <class D>
HWY_INLINE void weight_tile(D d, const PlaneConv& s, const float* x, const float* dy, float* dw,
                            size_t lane) {
  for (size_t ky = 0; ky < s.kernel_h; ++ky) {
    for (size_t kx = 0; kx < s.kernel_w; ++kx) {
      auto sum = hn::Load(d, dw + (ky * s.kernel_w + kx) * kPlaneBlock + lane);
      for (size_t oy = 0; oy < s.out_height(); ++oy) {
        const size_t iy = oy * s.stride + ky;
        if (iy < s.pad_h || iy >= s.height + s.pad_h) continue;
        for (size_t ox = 0; ox < s.out_width(); ++ox) {
          const size_t ix = ox * s.stride + kx;
          if (ix < s.pad_w || ix >= s.width + s.pad_w) continue;
          sum = hn::MulAdd(
              hn::Load(d, dy + (oy * s.out_width() + ox) * kPlaneBlock + lane),
              hn::Load(d, x + ((iy - s.pad_h) * s.width + ix - s.pad_w) * kPlaneBlock + lane), sum);
        }
      }
      hn::Store(sum, d, dw + (ky * s.kernel_w + kx) * kPlaneBlock + lane);
    }
  }
}

/// Tiles of one call: input, output and taps.
struct Tiles {
  Tiles(const PlaneConv& s, size_t first)
      : lanes(std::min(kPlaneBlock, s.channels - first)),
        in(s.height * s.width),
        out(s.out_height() * s.out_width()),
        taps(s.kernel_h * s.kernel_w),
        memory((in + out + taps) * kPlaneBlock + kPlaneBlock) {
    const auto address = reinterpret_cast<size_t>(memory.data());
    x = memory.data() + (64 - address % 64) % 64 / sizeof(float);
    y = x + in * kPlaneBlock;
    w = y + out * kPlaneBlock;
  }
  size_t lanes, in, out, taps;
  std::vector<float> memory;
  float *x, *y, *w;
};

/// Calls body(d, lane) for the lanes of a tile.
template <class Body>
HWY_INLINE void each_lane(const Body& body) {
  const hn::CappedTag<float, kPlaneBlock> d;
  for (size_t lane = 0; lane < kPlaneBlock; lane += hn::Lanes(d)) body(d, lane);
}

void Conv(const PlaneConv& s, const float* x, const float* w, size_t n, size_t first, float* y) {
  Tiles t(s, first);
  for (size_t m = 0; m < s.multiplier; ++m) {
    const size_t out_first = first * s.multiplier + m;
    gather(w + out_first * t.taps, s.multiplier * t.taps, t.lanes, t.taps, t.w);
    for (size_t i = 0; i < n; ++i) {
      gather(x + i * s.in_size() + first * t.in, t.in, t.lanes, t.in, t.x);
      each_lane([&](auto d, size_t lane) { conv_tile(d, s, t.x, t.w, t.y, lane); });
      scatter(t.y, s.multiplier * t.out, t.lanes, t.out, y + i * s.out_size() + out_first * t.out);
    }
  }
}

void InputGradient(const PlaneConv& s, const float* dy, const float* w, size_t n, size_t first,
                   float* dx) {
  Tiles t(s, first);
  std::vector<float> taps(s.multiplier * t.taps * kPlaneBlock + kPlaneBlock);
  const auto address = reinterpret_cast<size_t>(taps.data());
  float* const all = taps.data() + (64 - address % 64) % 64 / sizeof(float);
  for (size_t m = 0; m < s.multiplier; ++m) {
    gather(w + (first * s.multiplier + m) * t.taps, s.multiplier * t.taps, t.lanes, t.taps,
           all + m * t.taps * kPlaneBlock);
  }
  for (size_t i = 0; i < n; ++i) {
    std::fill_n(t.x, t.in * kPlaneBlock, 0.0F);
    for (size_t m = 0; m < s.multiplier; ++m) {
      gather(dy + i * s.out_size() + (first * s.multiplier + m) * t.out, s.multiplier * t.out,
             t.lanes, t.out, t.y);
      each_lane([&](auto d, size_t lane) {
        input_tile(d, s, t.y, all + m * t.taps * kPlaneBlock, t.x, lane);
      });
    }
    scatter(t.x, t.in, t.lanes, t.in, dx + i * s.in_size() + first * t.in);
  }
}

void WeightGradient(const PlaneConv& s, const float* x, const float* dy, size_t n, size_t first,
                    float* dw) {
  Tiles t(s, first);
  for (size_t m = 0; m < s.multiplier; ++m) {
    const size_t out_first = first * s.multiplier + m;
    gather(dw + out_first * t.taps, s.multiplier * t.taps, t.lanes, t.taps, t.w);
    for (size_t i = 0; i < n; ++i) {
      gather(x + i * s.in_size() + first * t.in, t.in, t.lanes, t.in, t.x);
      gather(dy + i * s.out_size() + out_first * t.out, s.multiplier * t.out, t.lanes, t.out, t.y);
      each_lane([&](auto d, size_t lane) { weight_tile(d, s, t.x, t.y, t.w, lane); });
    }
    scatter(t.w, s.multiplier * t.taps, t.lanes, t.taps, dw + out_first * t.taps);
  }
}

}  // namespace HWY_NAMESPACE
}  // namespace mobileclip::kernels
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace mobileclip::kernels {

HWY_EXPORT(Conv);
HWY_EXPORT(InputGradient);
HWY_EXPORT(WeightGradient);

void plane_conv(const PlaneConv& shape, const float* x, const float* w, size_t n, size_t first,
                float* y) {
  HWY_DYNAMIC_DISPATCH(Conv)(shape, x, w, n, first, y);
}
void plane_conv_input_gradient(const PlaneConv& shape, const float* dy, const float* w, size_t n,
                               size_t first, float* dx) {
  HWY_DYNAMIC_DISPATCH(InputGradient)(shape, dy, w, n, first, dx);
}
void plane_conv_weight_gradient(const PlaneConv& shape, const float* x, const float* dy, size_t n,
                                size_t first, float* dw) {
  HWY_DYNAMIC_DISPATCH(WeightGradient)(shape, x, dy, n, first, dw);
}

}  // namespace mobileclip::kernels
#endif  // HWY_ONCE
