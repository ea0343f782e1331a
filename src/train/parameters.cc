#include "train/parameters.h"

#include <ATen/CPUGeneratorImpl.h>

#include <cmath>

#include "base/counter_rng.h"
#include "base/error.h"
#include "model/clip.h"

namespace mobileclip::train {
namespace {

bool contains(std::string_view name, std::string_view part) {
  return name.find(part) != std::string_view::npos;
}

std::string_view leaf_of(std::string_view name) { return name.substr(name.rfind('.') + 1); }

void truncated_normal(torch::Tensor& t, double deviation, at::Generator& generator) {
  t.normal_(0, deviation, generator);
  // Values beyond two deviations are drawn again, as timm's trunc_normal_ does by inversion.
  for (torch::Tensor far = t.abs() > 2 * deviation; far.any().item<bool>();
       far = t.abs() > 2 * deviation) {
    t.masked_scatter_(far, torch::empty_like(t).normal_(0, deviation, generator));
  }
}

/// Linear layers of Transformer layers (open_clip's rules); `width` and `layers` of their tower.
double transformer_deviation(std::string_view name, double width, double layers) {
  if (contains(name, "qkv_proj")) return std::pow(width, -0.5);
  if (contains(name, "out_proj") || contains(name, "pre_norm_ffn.4")) {
    return std::pow(width, -0.5) * std::pow(2 * layers, -0.5);
  }
  return std::pow(2 * width, -0.5);  // pre_norm_ffn.1
}

void init_weight(const std::string& name, const ModelConfig& config, torch::Tensor& t,
                 at::Generator& generator) {
  const bool text = name.starts_with("text_encoder.");
  const bool vit_image = !text && config.image_tower == ImageTower::kVit;
  if (contains(name, "embedding_layer")) {
    t.normal_(0, 0.02, generator);
  } else if (contains(name, "pos_embed")) {
    if (text) {
      t.normal_(0, 0.01, generator);
    } else {
      truncated_normal(t, 0.02, generator);
    }
  } else if (leaf_of(name) == "projection_layer" || leaf_of(name) == "proj") {
    t.normal_(0, std::pow(static_cast<double>(t.size(0)), -0.5), generator);
  } else if (text && contains(name, ".pre_norm_")) {
    t.normal_(0, transformer_deviation(name, config.text.width, config.text.layers), generator);
  } else if (vit_image || contains(name, ".convffn.") || contains(name, ".token_mixer.qkv.") ||
             contains(name, ".token_mixer.proj.")) {
    truncated_normal(t, 0.02, generator);
  } else {  // PyTorch's default of a convolution: uniform within 1 / sqrt(fan in)
    const double bound = std::pow(static_cast<double>(t.numel() / t.size(0)), -0.5);
    t.uniform_(-bound, bound, generator);
  }
}

void init(const std::string& name, const ModelConfig& config, const InitOptions& options,
          torch::Tensor& t) {
  const std::string_view leaf = leaf_of(name);
  if (name == "logit_scale") {
    t.fill_(options.logit_scale);
  } else if (leaf.starts_with("layer_scale")) {
    t.fill_(options.layer_scale);
  } else if (leaf == "bias" || leaf == "running_mean") {
    t.zero_();
  } else if (t.dim() <= 1) {
    t.fill_(1);  // norm weights, running_var
  } else {
    auto generator = at::make_generator<at::CPUGeneratorImpl>(
        CounterRng(options.seed, 0, hash_name(name), 0).next());
    init_weight(name, config, t, generator);
  }
}

}  // namespace

Parameters::Parameters(const ModelConfig& config, const InitOptions& options) {
  const torch::NoGradGuard no_grad;
  for (const TensorSpec& spec : expected_tensors(config)) {
    const std::vector<int64_t> shape(spec.shape.begin(), spec.shape.end());
    NamedTensor tensor{spec.name,
                       torch::zeros(shape, spec.integer ? torch::kInt64 : torch::kFloat32)};
    if (!spec.integer) {
      init(spec.name, config, options, tensor.value);
      tensor.trainable = !leaf_of(spec.name).starts_with("running_");
      tensor.value.set_requires_grad(tensor.trainable);
    }
    by_name_.emplace(spec.name, tensors_.size());
    tensors_.push_back(std::move(tensor));
  }
}

const torch::Tensor& Parameters::at(const std::string& name) const {
  const auto found = by_name_.find(name);
  if (found == by_name_.end()) fail(ErrorCode::kInternal, "no parameter is called {}", name);
  return tensors_[found->second].value;
}

}  // namespace mobileclip::train
