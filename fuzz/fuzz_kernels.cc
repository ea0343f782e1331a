// Kernels of every instruction set of this machine against their naive twins in double.
#include <cmath>
#include <string>
#include <vector>

#include "kernels/elementwise.h"
#include "kernels/gemm.h"
#include "kernels/isa.h"
#include "kernels/reference.h"
#include "target.h"

namespace {

namespace kernels = mobileclip::kernels;
using mobileclip::fuzz::Numbers;
using mobileclip::fuzz::require;

std::vector<float> floats(Numbers& numbers, size_t count) {
  std::vector<float> out(count);
  for (float& value : out) value = numbers.unit();
  return out;
}

/// |error| ≤ tolerance · (1 + |expected|) everywhere; inputs are at most 1 and sums short.
void compare(const float* got, const std::vector<double>& expected, const char* what) {
  constexpr double kTolerance = 2e-5;
  for (size_t i = 0; i < expected.size(); ++i) {
    const double bound = kTolerance * (1 + std::abs(expected[i]));
    require(std::abs(got[i] - expected[i]) <= bound, what);
  }
}

void try_gemm(Numbers& numbers) {
  const size_t m = numbers.between(0, 20);
  const size_t n = numbers.between(1, 40);
  const size_t k = numbers.between(1, 40);
  const auto a = floats(numbers, m * k);
  const auto w = floats(numbers, n * k);
  const auto bias = floats(numbers, n);
  const auto packed = kernels::PackedMatrix::pack(w.data(), bias.data(), n, k);
  std::vector<float> c(m * n);
  kernels::gemm(a.data(), k, m, packed, c.data(), n);
  const auto expected = kernels::reference::gemm(a.data(), k, m, w.data(), bias.data(), n, k,
                                                 kernels::Activation::kNone, nullptr, 0);
  compare(c.data(), expected, "gemm as its naive twin");
  mobileclip::fuzz::probe(m % 4 == 3);
}

void try_layer_norm(Numbers& numbers) {
  constexpr float kEps = 1e-5F;
  const size_t width = numbers.between(1, 100);
  auto x = floats(numbers, width);
  const auto weight = floats(numbers, width);
  const auto bias = floats(numbers, width);
  const auto expected =
      kernels::reference::layer_norm(x.data(), weight.data(), bias.data(), width, kEps);
  kernels::layer_norm(x.data(), width, weight.data(), bias.data(), 1, width, kEps, x.data(), width);
  // Nearly equal values leave a variance near 0, whose root magnifies their rounding.
  for (size_t i = 0; i < width; ++i) {
    require(std::abs(x[i] - expected[i]) <= 1e-3 * (1 + std::abs(expected[i])),
            "layer_norm as its naive twin");
  }
}

void try_gelu(Numbers& numbers) {
  auto x = floats(numbers, numbers.between(0, 100));
  for (float& value : x) value *= 8;
  std::vector<double> expected;
  for (const float value : x) expected.push_back(kernels::reference::gelu(value));
  kernels::gelu(x.data(), x.size());
  compare(x.data(), expected, "gelu as its naive twin");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static const auto isas = kernels::available_isas();
  for (const std::string_view isa : isas) {
    kernels::force_isa(isa);
    Numbers numbers(data, size);
    switch (numbers.byte() % 3) {
      case 0:
        try_gemm(numbers);
        break;
      case 1:
        try_layer_norm(numbers);
        break;
      default:
        try_gelu(numbers);
    }
  }
  return 0;
}
