#include "train/adamw.h"

#include <ATen/Parallel.h>

#include <cmath>
#include <numbers>

namespace mobileclip::train {
namespace {

constexpr int64_t kGrain = 1 << 15;

struct StepConstants {
  float beta1, beta2, step_size, root_correction, eps, keep;
};

void update_range(const StepConstants& c, const float* gradient, float* value, float* first,
                  float* second, int64_t n) {
  for (int64_t i = 0; i < n; ++i) {
    const float g = gradient[i];
    const float m = c.beta1 * first[i] + (1 - c.beta1) * g;
    const float v = c.beta2 * second[i] + (1 - c.beta2) * g * g;
    first[i] = m;
    second[i] = v;
    value[i] = c.keep * value[i] - c.step_size * m / (std::sqrt(v) * c.root_correction + c.eps);
  }
}

}  // namespace

double Schedule::at(int64_t step) const {
  if (step < warmup) return base * static_cast<double>(step + 1) / static_cast<double>(warmup);
  const double progress = static_cast<double>(step - warmup) /
                          static_cast<double>(std::max<int64_t>(1, total - warmup));
  return floor + (base - floor) * 0.5 * (1 + std::cos(std::numbers::pi * progress));
}

bool decays(std::string_view name, int64_t dimensions) {
  if (dimensions < 2) return false;
  for (const std::string_view part : {"bn", "ln", "bias", "logit_scale"}) {
    if (name.find(part) != std::string_view::npos) return false;
  }
  return true;
}

AdamW::AdamW(const Parameters& parameters, const AdamWOptions& options) : options_(options) {
  for (const NamedTensor& tensor : parameters.all()) {
    if (!tensor.trainable) continue;
    slots_.push_back({tensor.name, tensor.value, torch::zeros_like(tensor.value.detach()),
                      torch::zeros_like(tensor.value.detach()),
                      decays(tensor.name, tensor.value.dim())});
  }
}

void AdamW::zero_gradients() {
  for (Slot& slot : slots_) slot.value.mutable_grad().reset();
}

double AdamW::clip_gradients(double limit) {
  const torch::NoGradGuard no_grad;
  double sum = 0;
  for (const Slot& slot : slots_) {
    if (!slot.value.grad().defined()) continue;
    const double norm = slot.value.grad().norm().item<double>();
    sum += norm * norm;
  }
  const double norm = std::sqrt(sum);
  if (limit > 0 && norm > limit) {
    for (const Slot& slot : slots_) {
      if (slot.value.grad().defined()) slot.value.grad().mul_(limit / (norm + 1e-6));
    }
  }
  return norm;
}

void AdamW::update(double learning_rate) {
  const torch::NoGradGuard no_grad;
  ++step_;
  const auto step = static_cast<double>(step_);
  const double correction1 = 1 - std::pow(options_.beta1, step);
  const double correction2 = 1 - std::pow(options_.beta2, step);
  for (Slot& slot : slots_) {
    if (!slot.value.grad().defined()) continue;
    const double decay = slot.decay ? options_.weight_decay : 0;
    const StepConstants constants{static_cast<float>(options_.beta1),
                                  static_cast<float>(options_.beta2),
                                  static_cast<float>(learning_rate / correction1),
                                  static_cast<float>(1 / std::sqrt(correction2)),
                                  static_cast<float>(options_.eps),
                                  static_cast<float>(1 - learning_rate * decay)};
    const torch::Tensor gradient = slot.value.grad().contiguous();
    const float* g = gradient.data_ptr<float>();
    float* value = slot.value.data_ptr<float>();
    float* first = slot.first.data_ptr<float>();
    float* second = slot.second.data_ptr<float>();
    at::parallel_for(0, gradient.numel(), kGrain, [&](int64_t begin, int64_t end) {
      update_range(constants, g + begin, value + begin, first + begin, second + begin, end - begin);
    });
  }
}

}  // namespace mobileclip::train
