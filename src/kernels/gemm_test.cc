#include "kernels/gemm.h"

#include <bit>

#include "base/error.h"
#include "kernels/reference.h"
#include "kernels/test_support.h"

namespace mobileclip::kernels {
namespace {

using test::Guarded;

struct Shape {
  size_t m, n, k;
};

struct Operands {
  explicit Operands(const Shape& s)
      : a(test::random_floats(s.m * s.k, 1)),
        weight(test::random_floats(s.n * s.k, 2)),
        bias(test::random_floats(s.n, 3)),
        residual(test::random_floats(s.m * s.n, 4)) {}
  std::vector<float> a, weight, bias, residual;
};

TEST(kernelsGemm, EqualsTheReferenceForAllSizesOnAllInstructionSets) {
  test::for_each_isa([] {
    for (size_t m = 0; m <= 26; ++m) {
      for (const size_t n : {1, 2, 7, 8, 15, 16, 17, 31, 32, 33, 47, 48, 49, 64, 67}) {
        for (const size_t k : {1, 3, 16, 37}) {
          const Shape s{m, n, k};
          const Operands o(s);
          const PackedMatrix w = PackedMatrix::pack(o.weight.data(), o.bias.data(), n, k);
          for (const bool gelu : {false, true}) {
            const Activation activation = gelu ? Activation::kGelu : Activation::kNone;
            const float* residual = gelu ? nullptr : o.residual.data();
            const auto expected = reference::gemm(o.a.data(), k, m, o.weight.data(), o.bias.data(),
                                                  n, k, activation, residual, n);
            std::vector<float> c(m * n);
            gemm(o.a.data(), k, m, w, c.data(), n, {activation, residual, n});
            ASSERT_LT(test::worst(c.data(), expected), 2e-6) << m << " " << n << " " << k;
          }
        }
      }
    }
  });
}

TEST(kernelsGemm, StoredPanelsGiveTheSameBits) {
  test::for_each_isa([] {
    for (const size_t n : {1, 8, 15, 16, 17, 31, 32, 33, 63, 64, 65, 96}) {
      const Shape s{13, n, 37};
      const Operands o(s);
      const PackedMatrix native = PackedMatrix::pack(o.weight.data(), o.bias.data(), n, s.k);
      const PackedMatrix wide =
          PackedMatrix::pack(o.weight.data(), o.bias.data(), n, s.k, kStoredPanelWidth);
      const size_t padded = stored_panels(n) * kStoredPanelWidth;
      const PackedMatrix stored =
          PackedMatrix::from_stored(FloatStore::view(wide.panels(), padded * s.k),
                                    FloatStore::view(wide.bias(), padded), n, s.k);
      std::vector<float> expected(s.m * n), ours(s.m * n);
      gemm(o.a.data(), s.k, s.m, native, expected.data(), n, {Activation::kGelu});
      gemm(o.a.data(), s.k, s.m, stored, ours.data(), n, {Activation::kGelu});
      EXPECT_EQ(ours, expected) << n;
      ThreadPool pool(3);
      gemm(pool, o.a.data(), s.k, s.m, stored, ours.data(), n, {Activation::kGelu});
      EXPECT_EQ(ours, expected) << n;
    }
  });
}

// Panels in 16 bits: as if they had been widened, to the bit.
TEST(kernelsGemm, NarrowPanelsGiveTheBitsOfTheWidenedOnes) {
  test::for_each_isa([] {
    for (const DType dtype : {DType::kFloat16, DType::kBFloat16}) {
      for (const Shape s : {Shape{5, 40, 37}, Shape{16, 80, 130}, Shape{24, 80, 130},
                            Shape{77, 64, 300}, Shape{300, 96, 64}}) {
        const Operands o(s);
        const size_t panels = stored_panels(s.n) * kStoredPanelWidth;
        std::mt19937 generator(5);
        std::vector<uint16_t> narrow(panels * s.k);
        AlignedBuffer wide(panels * s.k), bias(panels);
        for (size_t i = 0; i < narrow.size(); ++i) {
          const unsigned sign_and_fraction =
              generator() & (dtype == DType::kFloat16 ? 0x83FF : 0x807F);
          narrow[i] = static_cast<uint16_t>(sign_and_fraction |
                                            (dtype == DType::kFloat16 ? 0x3800 : 0x3F00));
          wide[i] =
              dtype == DType::kFloat16 ? half_to_float(narrow[i]) : bfloat16_to_float(narrow[i]);
        }
        for (size_t i = 0; i < panels; ++i) bias[i] = i < s.n ? o.bias[i] : 0.0f;
        const PackedMatrix expected =
            PackedMatrix::from_stored(FloatStore::view(wide.data(), wide.size()),
                                      FloatStore::view(bias.data(), panels), s.n, s.k);
        const PackedMatrix ours = PackedMatrix::from_stored(
            narrow, dtype, FloatStore::view(bias.data(), panels), s.n, s.k);
        std::vector<float> a(s.m * s.n), b(s.m * s.n);
        gemm(o.a.data(), s.k, s.m, expected, a.data(), s.n, {Activation::kGelu});
        gemm(o.a.data(), s.k, s.m, ours, b.data(), s.n, {Activation::kGelu});
        EXPECT_EQ(a, b) << dtype_name(dtype) << " " << s.m;
      }
    }
  });
}

// bfloat16 products: those of the rounded factors, on the tile unit only.
TEST(kernelsGemm, RoundedProductsAreThoseOfRoundedFactors) {
  const auto rounded = [](std::vector<float> values) {
    for (float& value : values) {
      value = std::bit_cast<float>((std::bit_cast<uint32_t>(value) + 0x8000U) & 0xFFFF0000U);
    }
    return values;
  };
  test::for_each_isa([&] {
    for (const Shape s : {Shape{5, 40, 37}, Shape{16, 80, 130}, Shape{24, 80, 130},
                          Shape{77, 64, 300}, Shape{300, 96, 64}}) {
      const Operands o(s);
      PackedMatrix w = PackedMatrix::pack(o.weight.data(), o.bias.data(), s.n, s.k);
      w.set_precision(Precision::kBFloat16);
      std::vector<float> c(s.m * s.n);
      if (!amx_in_use()) {
        EXPECT_THROW(gemm(o.a.data(), s.k, s.m, w, c.data(), s.n), Error);
        continue;
      }
      gemm(o.a.data(), s.k, s.m, w, c.data(), s.n);
      const auto expected = reference::gemm(rounded(o.a).data(), s.k, s.m, rounded(o.weight).data(),
                                            o.bias.data(), s.n, s.k, Activation::kNone, nullptr, 0);
      EXPECT_LT(test::worst(c.data(), expected), 2e-6) << s.m;
    }
  });
}

// K beyond a block, M beyond a pass, the residual in place: nothing of C is read before it is
// whole.
TEST(kernelsGemm, BlocksOfKAndPassesOfRows) {
  test::for_each_isa([] {
    for (const size_t m : {1, 11, 13, 49, 230, 451}) {
      for (const size_t n : {17, 32, 70}) {
        for (const size_t k : {288, 289, 577, 900, 1100}) {
          const Shape s{m, n, k};
          const Operands o(s);
          const PackedMatrix w = PackedMatrix::pack(o.weight.data(), o.bias.data(), n, k);
          const auto expected = reference::gemm(o.a.data(), k, m, o.weight.data(), o.bias.data(), n,
                                                k, Activation::kNone, o.residual.data(), n);
          std::vector<float> c = o.residual;
          gemm(o.a.data(), k, m, w, c.data(), n, {Activation::kNone, c.data(), n});
          ASSERT_LT(test::worst(c.data(), expected), 4e-6) << m << " " << n << " " << k;
        }
      }
    }
  });
}

TEST(kernelsGemm, SomeColumnsAloneHaveTheSameBits) {
  test::for_each_isa([] {
    const Shape s{29, 150, 300};
    const Operands o(s);
    const PackedMatrix w = PackedMatrix::pack(o.weight.data(), o.bias.data(), s.n, s.k);
    std::vector<float> whole(s.m * s.n);
    gemm(o.a.data(), s.k, s.m, w, whole.data(), s.n);
    for (const int threads : {1, 3}) {
      ThreadPool pool(threads);
      for (const auto& [begin, end] : {std::pair<size_t, size_t>{0, 64}, {64, 128}, {96, 150}}) {
        std::vector<float> part(s.m * s.n, -7.0f);
        gemm(pool, o.a.data(), s.k, s.m, w, part.data(), s.n, Columns{begin, end});
        for (size_t i = 0; i < part.size(); ++i) {
          const bool inside = i % s.n >= begin && i % s.n < end;
          ASSERT_EQ(part[i], inside ? whole[i] : -7.0f) << begin << " " << i;
        }
      }
      EXPECT_THROW(gemm(pool, o.a.data(), s.k, s.m, w, whole.data(), s.n, Columns{8, 64}), Error);
    }
  });
}

TEST(kernelsGemm, TouchesNothingOutsideItsOperands) {
  test::for_each_isa([] {
    for (const Shape s : {Shape{13, 33, 9}, Shape{7, 17, 3}, Shape{1, 1, 1}, Shape{25, 48, 31}}) {
      const Operands o(s);
      const PackedMatrix w = PackedMatrix::pack(o.weight.data(), o.bias.data(), s.n, s.k);
      const auto expected = reference::gemm(o.a.data(), s.k, s.m, o.weight.data(), o.bias.data(),
                                            s.n, s.k, Activation::kNone, o.residual.data(), s.n);
      for (const auto side : {Guarded::Side::kBefore, Guarded::Side::kAfter}) {
        const Guarded a(o.a, side);
        const Guarded residual(o.residual, side);
        const Guarded c(std::vector<float>(s.m * s.n), side);
        gemm(a.data(), s.k, s.m, w, c.data(), s.n, {Activation::kNone, residual.data(), s.n});
        EXPECT_LT(test::worst(c.data(), expected), 2e-6);
      }
    }
  });
}

TEST(kernelsGemm, BitsDependNeitherOnTheSplitOfRowsNorOnThreads) {
  test::for_each_isa([] {
    const Shape s{205, 80, 130};
    const Operands o(s);
    const PackedMatrix w = PackedMatrix::pack(o.weight.data(), o.bias.data(), s.n, s.k);
    std::vector<float> whole(s.m * s.n);
    gemm(o.a.data(), s.k, s.m, w, whole.data(), s.n, {.activation = Activation::kGelu});
    for (const size_t step : {1, 2, 5, 12, 13, 16, 17, 32, 100}) {
      std::vector<float> parts(s.m * s.n);
      for (size_t first = 0; first < s.m; first += step) {
        gemm(&o.a[first * s.k], s.k, std::min(step, s.m - first), w, &parts[first * s.n], s.n,
             {.activation = Activation::kGelu});
      }
      EXPECT_EQ(std::memcmp(parts.data(), whole.data(), whole.size() * sizeof(float)), 0) << step;
    }
    for (const int threads : {1, 2, 3, 4}) {
      ThreadPool pool(threads);
      std::vector<float> threaded(s.m * s.n);
      gemm(pool, o.a.data(), s.k, s.m, w, threaded.data(), s.n, {.activation = Activation::kGelu});
      EXPECT_EQ(std::memcmp(threaded.data(), whole.data(), whole.size() * sizeof(float)), 0);
    }
  });
}

TEST(kernelsGemm, StridesAndResidualInPlace) {
  const Shape s{9, 20, 11};
  const size_t lda = 14;
  const size_t ldc = 23;
  const auto a = test::random_floats(s.m * lda, 1);
  const auto weight = test::random_floats(s.n * s.k, 2);
  auto c = test::random_floats(s.m * ldc, 5);
  const auto before = c;
  const PackedMatrix w =
      PackedMatrix::pack(weight.data(), static_cast<const float*>(nullptr), s.n, s.k);
  const auto expected = reference::gemm(a.data(), lda, s.m, weight.data(), nullptr, s.n, s.k,
                                        Activation::kNone, before.data(), ldc);
  gemm(a.data(), lda, s.m, w, c.data(), ldc, {Activation::kNone, c.data(), ldc});
  for (size_t r = 0; r < s.m; ++r) {
    for (size_t i = 0; i < ldc; ++i) {
      const float ours = c[r * ldc + i];
      if (i < s.n) {
        EXPECT_NEAR(ours, expected[r * s.n + i], 1e-5);
      } else {
        EXPECT_EQ(ours, before[r * ldc + i]) << "beyond the row";
      }
    }
  }
}

// One chain of K sums: roundings add up as a random walk, half an ulp each.
TEST(kernelsGemm, LongSumsErrAsARandomWalkOfRoundings) {
  test::for_each_isa([] {
    for (const size_t k : {512, 1536, 3072}) {
      const Shape s{12, 32, k};
      const Operands o(s);
      const PackedMatrix w = PackedMatrix::pack(o.weight.data(), o.bias.data(), s.n, s.k);
      const auto expected = reference::gemm(o.a.data(), k, s.m, o.weight.data(), o.bias.data(), s.n,
                                            k, Activation::kNone, nullptr, 0);
      std::vector<float> c(s.m * s.n);
      gemm(o.a.data(), k, s.m, w, c.data(), s.n);
      EXPECT_LT(test::worst(c.data(), expected), 0x1p-24 * std::sqrt(static_cast<double>(k))) << k;
    }
  });
}

// Each product by itself, of floats with all 24 bits and exponents far apart: rounded once, or on
// the tile unit without what the products left out can amount to.
TEST(kernelsGemm, SingleProductsKeepFloat32sPrecision) {
  test::for_each_isa([] {
    const double bound = isa_name() == "amx" ? 0x1p-21 : 0x1p-24;
    std::mt19937 generator(7);
    std::uniform_real_distribution<float> mantissa(1, 2);
    std::uniform_int_distribution<int> exponent(-30, 30);
    const auto draw = [&] {
      return std::ldexp(mantissa(generator), exponent(generator)) * (generator() % 2 == 0 ? 1 : -1);
    };
    constexpr size_t kRows = 40, kColumns = 40;
    std::vector<float> a(kRows), weight(kColumns), c(kRows * kColumns);
    for (float& value : a) value = draw();
    for (float& value : weight) value = draw();
    const PackedMatrix w =
        PackedMatrix::pack(weight.data(), static_cast<const float*>(nullptr), kColumns, 1);
    gemm(a.data(), 1, kRows, w, c.data(), kColumns);
    for (size_t i = 0; i < c.size(); ++i) {
      const double exact = static_cast<double>(a[i / kColumns]) * weight[i % kColumns];
      ASSERT_LE(std::abs(c[i] - exact), std::abs(exact) * bound) << i;
    }
  });
}

}  // namespace
}  // namespace mobileclip::kernels
