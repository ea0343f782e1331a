#include "kernels/reference.h"

#include <algorithm>
#include <cmath>

namespace mobileclip::kernels::reference {
namespace {

double activate(double x, Activation activation) {
  return activation == Activation::kGelu ? gelu(x) : x;
}

}  // namespace

double gelu(double x) { return 0.5 * x * std::erfc(-x / std::sqrt(2.0)); }

std::vector<double> gemm(const float* a, size_t lda, size_t m, const float* weight,
                         const float* bias, size_t n, size_t k, Activation activation,
                         const float* residual, size_t residual_stride) {
  std::vector<double> out(m * n);
  for (size_t r = 0; r < m; ++r) {
    for (size_t o = 0; o < n; ++o) {
      double sum = bias == nullptr ? 0.0 : bias[o];
      for (size_t i = 0; i < k; ++i) sum += double{a[r * lda + i]} * double{weight[o * k + i]};
      sum = activate(sum, activation);
      if (residual != nullptr) sum += residual[r * residual_stride + o];
      out[r * n + o] = sum;
    }
  }
  return out;
}

std::vector<double> depthwise(const float* in, size_t height, size_t width, const double* weight,
                              const double* bias, size_t channels, size_t multiplier, size_t kh,
                              size_t kw, size_t stride, Activation activation) {
  const size_t out_height = (height - 1) / stride + 1;
  const size_t out_width = (width - 1) / stride + 1;
  const size_t outputs = channels * multiplier;
  std::vector<double> out(out_height * out_width * outputs);
  for (size_t y = 0; y < out_height; ++y) {
    for (size_t x = 0; x < out_width; ++x) {
      for (size_t o = 0; o < outputs; ++o) {
        double sum = bias[o];
        for (size_t ky = 0; ky < kh; ++ky) {
          for (size_t kx = 0; kx < kw; ++kx) {
            const size_t iy = y * stride + ky - kh / 2;  // wraps below 0: then ≥ height
            const size_t ix = x * stride + kx - kw / 2;
            if (iy >= height || ix >= width) continue;
            sum +=
                in[(iy * width + ix) * channels + o / multiplier] * weight[(o * kh + ky) * kw + kx];
          }
        }
        out[(y * out_width + x) * outputs + o] = activate(sum, activation);
      }
    }
  }
  return out;
}

std::vector<double> attention_head(const float* q, const float* k, const float* v, size_t stride,
                                   size_t tokens, size_t head_dim, double scale, bool causal) {
  std::vector<double> out(tokens * head_dim, 0.0);
  for (size_t query = 0; query < tokens; ++query) {
    const size_t keys = causal ? query + 1 : tokens;
    std::vector<double> scores(keys, 0.0);
    for (size_t t = 0; t < keys; ++t) {
      for (size_t i = 0; i < head_dim; ++i) {
        scores[t] += scale * q[query * stride + i] * k[t * stride + i];
      }
    }
    const double peak = *std::ranges::max_element(scores);
    double sum = 0;
    for (double& score : scores) sum += score = std::exp(score - peak);
    for (size_t t = 0; t < keys; ++t) {
      for (size_t i = 0; i < head_dim; ++i) {
        out[query * head_dim + i] += scores[t] / sum * v[t * stride + i];
      }
    }
  }
  return out;
}

std::vector<double> layer_norm(const float* x, const float* weight, const float* bias, size_t width,
                               double eps) {
  double mean = 0;
  for (size_t i = 0; i < width; ++i) mean += x[i];
  mean /= static_cast<double>(width);
  double variance = 0;
  for (size_t i = 0; i < width; ++i) variance += (x[i] - mean) * (x[i] - mean);
  variance /= static_cast<double>(width);
  std::vector<double> out(width);
  for (size_t i = 0; i < width; ++i) {
    out[i] = (x[i] - mean) / std::sqrt(variance + eps) * weight[i] + bias[i];
  }
  return out;
}

}  // namespace mobileclip::kernels::reference
