// 1×1 convolutions and linear layers: M positions, N outputs, K inputs, on one thread.
#include "kernels/gemm.h"
#include "support.h"

namespace mobileclip {
namespace {

void run(benchmark::State& state, size_t m, size_t n, size_t k, kernels::Activation activation,
         bool residual) {
  const AlignedBuffer a = bench::random_floats(m * k), weight = bench::random_floats(n * k),
                      bias = bench::random_floats(n), add = bench::random_floats(m * n);
  AlignedBuffer c(m * n);
  const auto packed = kernels::PackedMatrix::pack(weight.data(), bias.data(), n, k);
  kernels::Epilogue epilogue;
  epilogue.activation = activation;
  if (residual) epilogue.residual = add.data();
  epilogue.residual_stride = n;
  for (auto _ : state) {
    kernels::gemm(a.data(), k, m, packed, c.data(), n, epilogue);
    benchmark::ClobberMemory();
  }
  bench::count_multiply_adds(state, m * n * k);
}

const int registered = [] {
  using kernels::Activation;
  const struct {
    const char* name;
    size_t m, n, k;
    Activation activation;
    bool residual;
  } shapes[] = {{"S0 stage 1 fc1", 4096, 192, 64, Activation::kGelu, false},
                {"S0 stage 1 fc2", 4096, 64, 192, Activation::kNone, true},
                {"S0 stage 2 fc1", 1024, 384, 128, Activation::kGelu, false},
                {"S0 stage 3 fc1", 256, 768, 256, Activation::kGelu, false},
                {"S0 stage 3 fc2", 256, 256, 768, Activation::kNone, true},
                {"S0 stage 4 qkv", 64, 1536, 512, Activation::kNone, false},
                {"S0 stage 4 fc1", 64, 1536, 512, Activation::kGelu, false},
                {"S2 stage 3 fc1", 256, 960, 320, Activation::kGelu, false},
                {"B qkv", 197, 2304, 768, Activation::kNone, false},
                {"B fc1", 197, 3072, 768, Activation::kGelu, false},
                {"B fc2", 197, 768, 3072, Activation::kNone, true},
                {"text qkv", 77, 1536, 512, Activation::kNone, false},
                {"text fc1", 77, 2048, 512, Activation::kGelu, false},
                {"text fc2", 77, 512, 2048, Activation::kNone, true},
                {"text fc1, 10 tokens", 10, 2048, 512, Activation::kGelu, false},
                {"projection", 1, 512, 512, Activation::kNone, false}};
  for (const auto& s : shapes) {
    benchmark::RegisterBenchmark(s.name, run, s.m, s.n, s.k, s.activation, s.residual);
  }
  return 0;
}();

}  // namespace
}  // namespace mobileclip
