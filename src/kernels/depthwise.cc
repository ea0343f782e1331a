#include "kernels/depthwise.h"

#include <algorithm>
#include <utility>

#include "base/error.h"
#include "kernels/unroll.h"
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/depthwise.cc"
#include <hwy/foreach_target.h>  // NOLINT: before highway.h
#include <hwy/highway.h>

#include "kernels/gelu-inl.h"

HWY_BEFORE_NAMESPACE();
namespace mobileclip::kernels {
namespace HWY_NAMESPACE {

namespace hn = hwy::HWY_NAMESPACE;

constexpr size_t kMaxKernelRows = 16;
constexpr size_t kMaxInputColumns = 32;

/// One group of output columns of one output row.
struct Group {
  size_t taps_rows;  // kernel rows that meet the image
  size_t first_tap_row;
  // Each input row's columns under the group; outside the image they point at zeros.
  const float* inputs[kMaxKernelRows][kMaxInputColumns];
  const PackedDepthwise* w;
  float* out;  // of the first column
  Activation activation;
};

template <class D, class V>
HWY_INLINE V Activate(D d, V v, Activation activation) {
  return activation == Activation::kGelu ? Gelu(d, v) : v;
}

/// `kColumns` output columns at channels [begin, end), kW taps wide, stride kStride, kMultiplier
/// outputs per channel. Every sum is one chain over (ky, kx) ascending.
template <class D, size_t kW, size_t kStride, size_t kMultiplier, size_t kColumns>
void RunChannels(D d, const Group& g, size_t begin, size_t end) {
  using V = hn::Vec<D>;
  const size_t channels = g.w->channels();
  const size_t lanes = hn::Lanes(d);
  constexpr size_t kInputs = (kColumns - 1) * kStride + kW;
  for (size_t c = begin; c + lanes <= end; c += lanes) {
    V sums[kMultiplier][kColumns];
    MOBILECLIP_UNROLL
    for (size_t m = 0; m < kMultiplier; ++m) {
      const V bias = hn::LoadU(d, g.w->bias() + m * channels + c);
      MOBILECLIP_UNROLL
      for (size_t j = 0; j < kColumns; ++j) sums[m][j] = bias;
    }
    for (size_t row = 0; row < g.taps_rows; ++row) {
      const size_t tap = (g.first_tap_row + row) * kW;
      const float* HWY_RESTRICT weights = g.w->weights() + tap * kMultiplier * channels + c;
      const float* const* inputs = g.inputs[row];
      V w[kMultiplier][kW];
      MOBILECLIP_UNROLL
      for (size_t kx = 0; kx < kW; ++kx) {
        MOBILECLIP_UNROLL
        for (size_t m = 0; m < kMultiplier; ++m) {
          w[m][kx] = hn::LoadU(d, weights + (kx * kMultiplier + m) * channels);
        }
      }
      MOBILECLIP_UNROLL
      for (size_t i = 0; i < kInputs; ++i) {
        const V x = hn::LoadU(d, inputs[i] + c);
        MOBILECLIP_UNROLL
        for (size_t j = 0; j < kColumns; ++j) {
          if (i < j * kStride || i - j * kStride >= kW) continue;
          MOBILECLIP_UNROLL
          for (size_t m = 0; m < kMultiplier; ++m) {
            sums[m][j] = hn::MulAdd(x, w[m][i - j * kStride], sums[m][j]);
          }
        }
      }
    }
    MOBILECLIP_UNROLL
    for (size_t j = 0; j < kColumns; ++j) {
      float* out = g.out + (j * channels + c) * kMultiplier;
      if constexpr (kMultiplier == 1) {
        hn::StoreU(Activate(d, sums[0][j], g.activation), d, out);
      } else {
        hn::StoreInterleaved2(Activate(d, sums[0][j], g.activation),
                              Activate(d, sums[1][j], g.activation), d, out);
      }
    }
  }
}

template <size_t kW, size_t kStride, size_t kMultiplier, size_t kColumns>
HWY_INLINE void RunGroup(const Group& g) {
  const hn::ScalableTag<float> d;
  const hn::CappedTag<float, 1> single;
  const size_t channels = g.w->channels();
  const size_t whole = channels - channels % hn::Lanes(d);
  RunChannels<decltype(d), kW, kStride, kMultiplier, kColumns>(d, g, 0, whole);
  if (whole < channels) {
    RunChannels<decltype(single), kW, kStride, kMultiplier, kColumns>(single, g, whole, channels);
  }
}

template <size_t kW, size_t kStride, size_t kMultiplier, size_t kColumns>
void RunRows(const float* in, size_t height, size_t width, const PackedDepthwise& w,
             size_t row_begin, size_t row_end, Activation activation, const float* zeros,
             float* out) {
  const size_t channels = w.channels();
  const size_t out_width = w.out_width(width);
  const size_t pad_y = w.kh() / 2;
  constexpr size_t kPad = kW / 2;
  constexpr size_t kInputs = (kColumns - 1) * kStride + kW;
  static_assert(kInputs <= kMaxInputColumns);
  Group g;
  g.w = &w;
  g.activation = activation;
  for (size_t row = row_begin; row < row_end; ++row) {
    const size_t top = row * kStride;  // in rows of the padded image
    g.first_tap_row = top < pad_y ? pad_y - top : 0;
    const size_t last_tap_row = std::min(w.kh(), height + pad_y - top);
    g.taps_rows = last_tap_row - g.first_tap_row;
    const size_t first_input_row = top + g.first_tap_row - pad_y;
    for (size_t column = 0; column < out_width;) {
      const size_t left = column * kStride;  // in columns of the padded image
      const bool full = column + kColumns <= out_width;
      const size_t inputs = full ? kInputs : kW;
      for (size_t ky = 0; ky < g.taps_rows; ++ky) {
        const float* line = in + (first_input_row + ky) * width * channels;
        for (size_t i = 0; i < inputs; ++i) {
          const size_t x = left + i;
          const bool inside = x >= kPad && x < width + kPad;
          g.inputs[ky][i] = inside ? line + (x - kPad) * channels : zeros;
        }
      }
      g.out = out + ((row - row_begin) * out_width + column) * channels * kMultiplier;
      if (full) {
        RunGroup<kW, kStride, kMultiplier, kColumns>(g);
        column += kColumns;
      } else {
        RunGroup<kW, kStride, kMultiplier, 1>(g);
        ++column;
      }
    }
  }
}

using Rows = void (*)(const float*, size_t, size_t, const PackedDepthwise&, size_t, size_t,
                      Activation, const float*, float*);

template <size_t kW>
Rows ChooseRows(size_t stride, size_t multiplier) {
  if (multiplier == 2) return stride == 1 ? RunRows<kW, 1, 2, 4> : RunRows<kW, 2, 2, 4>;
  return stride == 1 ? RunRows<kW, 1, 1, 8> : RunRows<kW, 2, 1, 4>;
}

bool Run(const float* in, size_t height, size_t width, const PackedDepthwise& w, size_t row_begin,
         size_t row_end, Activation activation, const float* zeros, float* out) {
  Rows rows = nullptr;
  if (w.kw() == 1) rows = ChooseRows<1>(w.stride(), w.multiplier());
  if (w.kw() == 3) rows = ChooseRows<3>(w.stride(), w.multiplier());
  if (w.kw() == 5) rows = ChooseRows<5>(w.stride(), w.multiplier());
  if (w.kw() == 7) rows = ChooseRows<7>(w.stride(), w.multiplier());
  if (rows == nullptr || w.kh() > kMaxKernelRows) return false;
  rows(in, height, width, w, row_begin, row_end, activation, zeros, out);
  return true;
}

}  // namespace HWY_NAMESPACE
}  // namespace mobileclip::kernels
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace mobileclip::kernels {
namespace {

HWY_EXPORT(Run);

void require_kernel(size_t kh, size_t kw, size_t stride, size_t multiplier) {
  if (kh % 2 == 0 || kw % 2 == 0 || (multiplier != 1 && multiplier != 2) ||
      (stride != 1 && stride != 2) || kh > 15 || kw > 7) {
    fail(ErrorCode::kInternal, "no depthwise kernel for {}x{}, stride {}, multiplier {}", kh, kw,
         stride, multiplier);
  }
}

}  // namespace

PackedDepthwise PackedDepthwise::pack(const double* weight, const double* bias, size_t channels,
                                      size_t multiplier, size_t kh, size_t kw, size_t stride) {
  require_kernel(kh, kw, stride, multiplier);
  const size_t taps = kh * kw;
  AlignedBuffer weights(taps * multiplier * channels);
  AlignedBuffer biases(multiplier * channels);
  for (size_t c = 0; c < channels; ++c) {
    for (size_t m = 0; m < multiplier; ++m) {
      const size_t o = c * multiplier + m;
      biases[m * channels + c] = static_cast<float>(bias[o]);
      for (size_t t = 0; t < taps; ++t) {
        weights[(t * multiplier + m) * channels + c] = static_cast<float>(weight[o * taps + t]);
      }
    }
  }
  return from_stored(FloatStore(std::move(weights)), FloatStore(std::move(biases)), channels,
                     multiplier, kh, kw, stride);
}

PackedDepthwise PackedDepthwise::from_stored(FloatStore weights, FloatStore bias, size_t channels,
                                             size_t multiplier, size_t kh, size_t kw,
                                             size_t stride) {
  require_kernel(kh, kw, stride, multiplier);
  PackedDepthwise out;
  out.channels_ = channels;
  out.multiplier_ = multiplier;
  out.kh_ = kh;
  out.kw_ = kw;
  out.stride_ = stride;
  out.weights_ = std::move(weights);
  out.bias_ = std::move(bias);
  AlignedBuffer zeros(channels);
  std::fill_n(zeros.data(), channels, 0.0f);
  out.zeros_ = FloatStore(std::move(zeros));
  return out;
}

void depthwise(const float* in, size_t height, size_t width, const PackedDepthwise& w,
               size_t row_begin, size_t row_end, Activation activation, float* out) {
  if (!HWY_DYNAMIC_DISPATCH(Run)(in, height, width, w, row_begin, row_end, activation, w.zeros(),
                                 out)) {
    fail(ErrorCode::kInternal, "no depthwise kernel for {}x{}", w.kh(), w.kw());
  }
}

}  // namespace mobileclip::kernels
#endif  // HWY_ONCE
