// Depthwise convolutions over one image's (or text's) activations, on one thread.
#include <vector>

#include "kernels/depthwise.h"
#include "support.h"

namespace mobileclip {
namespace {

struct Shape {
  const char* name;
  size_t height, width, channels, multiplier, kh, kw, stride;
  kernels::Activation activation;
};

void run(benchmark::State& state, const Shape& s) {
  const size_t outputs = s.channels * s.multiplier;
  const std::vector<double> weight(outputs * s.kh * s.kw, 0.01), bias(outputs, 0.1);
  const auto packed = kernels::PackedDepthwise::pack(weight.data(), bias.data(), s.channels,
                                                     s.multiplier, s.kh, s.kw, s.stride);
  const AlignedBuffer in = bench::random_floats(s.height * s.width * s.channels);
  const size_t rows = packed.out_height(s.height);
  const size_t positions = rows * packed.out_width(s.width);
  AlignedBuffer out(positions * outputs);
  for (auto _ : state) {
    kernels::depthwise(in.data(), s.height, s.width, packed, 0, rows, s.activation, out.data());
    benchmark::ClobberMemory();
  }
  bench::count_multiply_adds(state, positions * outputs * s.kh * s.kw);
}

const int registered = [] {
  using kernels::Activation;
  for (const Shape& s : {Shape{"S0 stem 3x3 s2", 128, 128, 64, 1, 3, 3, 2, Activation::kGelu},
                         Shape{"S0 stage 1 mixer 3x3", 64, 64, 64, 1, 3, 3, 1, Activation::kNone},
                         Shape{"S0 stage 1 ffn 7x7", 64, 64, 64, 1, 7, 7, 1, Activation::kNone},
                         Shape{"S0 stage 2 ffn 7x7", 32, 32, 128, 1, 7, 7, 1, Activation::kNone},
                         Shape{"S0 stage 3 ffn 7x7", 16, 16, 256, 1, 7, 7, 1, Activation::kNone},
                         Shape{"S0 stage 4 ffn 7x7", 8, 8, 512, 1, 7, 7, 1, Activation::kNone},
                         Shape{"S0 downsampling 7x7 s2", 64, 64, 64, 2, 7, 7, 2, Activation::kGelu},
                         Shape{"S2 stage 3 ffn 7x7", 16, 16, 320, 1, 7, 7, 1, Activation::kNone},
                         Shape{"S0 conv_exp 3x3", 8, 8, 512, 2, 3, 3, 1, Activation::kNone},
                         Shape{"S0 text 11x1", 77, 1, 512, 1, 11, 1, 1, Activation::kNone}}) {
    benchmark::RegisterBenchmark(s.name, run, s);
  }
  return 0;
}();

}  // namespace
}  // namespace mobileclip
