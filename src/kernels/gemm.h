/// C = act(A · Wᵀ + bias) (+ residual), with W packed once at load.
#ifndef MOBILECLIP_KERNELS_GEMM_H_
#define MOBILECLIP_KERNELS_GEMM_H_

#include <cstddef>
#include <cstdint>
#include <span>

#include "base/dtype.h"
#include "base/float_store.h"
#include "base/thread_pool.h"
#include "kernels/precision.h"

namespace mobileclip::kernels {

enum class Activation { kNone, kGelu };

/// The width of the panels of stored weights: a multiple of every instruction set's own.
constexpr size_t kStoredPanelWidth = 32;

/// W (N × K, a linear layer's or 1×1 convolution's weight) in panels of `panel_width` rows of W,
/// each K × panel_width, with its bias. A panel may be wider than the register tile: it then serves
/// several tiles. Immutable, thread-safe.
class PackedMatrix {
 public:
  PackedMatrix() = default;
  /// `weight` is row-major N × K; `bias` has N values or is null (zeros). Panels are as wide as the
  /// register tile of the instruction set in use, or `panel_width`.
  static PackedMatrix pack(const float* weight, const float* bias, size_t n, size_t k,
                           size_t panel_width = 0);
  /// The same from double, rounded once: for folded weights.
  static PackedMatrix pack(const double* weight, const double* bias, size_t n, size_t k,
                           size_t panel_width = 0);
  /// Of panels packed before, kStoredPanelWidth wide, on a 64-byte boundary both.
  static PackedMatrix from_stored(FloatStore panels, FloatStore bias, size_t n, size_t k);
  /// The same of panels in 16 bits (kFloat16 or kBFloat16), which must outlive this. They are
  /// widened on the way to the arithmetic: the same bits as from widened panels.
  static PackedMatrix from_stored(std::span<const uint16_t> panels, DType dtype, FloatStore bias,
                                  size_t n, size_t k);
  void set_precision(Precision precision) { precision_ = precision; }

  size_t n() const { return n_; }
  size_t k() const { return k_; }
  size_t panel_width() const { return panel_width_; }
  DType dtype() const { return dtype_; }
  const float* panels() const { return panels_.data(); }            ///< of kFloat32, else null
  const uint16_t* narrow_panels() const { return narrow_.data(); }  ///< of the 16-bit types
  Precision precision() const { return precision_; }
  const float* bias() const { return bias_.data(); }  ///< padded with zeros to whole panels

 private:
  template <typename T>
  static PackedMatrix make(const T* weight, const T* bias, size_t n, size_t k, size_t panel_width);

  size_t n_ = 0;
  size_t k_ = 0;
  size_t panel_width_ = 0;
  DType dtype_ = DType::kFloat32;
  Precision precision_ = Precision::kFloat32;
  FloatStore panels_;
  std::span<const uint16_t> narrow_;
  FloatStore bias_;
};

/// Whole stored panels that N rows of W need.
constexpr size_t stored_panels(size_t n) { return (n + kStoredPanelWidth - 1) / kStoredPanelWidth; }

/// What happens to the sums before they are stored: bias, then activation, then + residual.
struct Epilogue {
  Activation activation = Activation::kNone;
  const float* residual = nullptr;  ///< M × N, row stride `residual_stride`; may be C itself
  size_t residual_stride = 0;
};

/// C (M × N, row stride ldc) from A (M × K, row stride lda). Every element is one chain of fused
/// multiply-adds over k = 0, 1, …, K−1 (in fixed blocks, if any), so its bits depend neither on M
/// nor on the tile it falls in. Single thread; M may be 0.
void gemm(const float* a, size_t lda, size_t m, const PackedMatrix& w, float* c, size_t ldc,
          const Epilogue& epilogue = {});

/// The same, split over rows and panels among the pool's threads; same bits.
void gemm(ThreadPool& pool, const float* a, size_t lda, size_t m, const PackedMatrix& w, float* c,
          size_t ldc, const Epilogue& epilogue = {});

/// Some columns of C: [begin, end), both multiples of kStoredPanelWidth or end ≥ N.
struct Columns {
  size_t begin = 0;
  size_t end = SIZE_MAX;
};

/// Only those columns of C (c points at column 0); the others are not touched. Same bits.
void gemm(ThreadPool& pool, const float* a, size_t lda, size_t m, const PackedMatrix& w, float* c,
          size_t ldc, Columns columns, const Epilogue& epilogue = {});

}  // namespace mobileclip::kernels

#endif  // MOBILECLIP_KERNELS_GEMM_H_
