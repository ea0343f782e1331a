/// The training form of a variant as named tensors: what a checkpoint holds.
#ifndef MOBILECLIP_TRAIN_PARAMETERS_H_
#define MOBILECLIP_TRAIN_PARAMETERS_H_

#include <torch/torch.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "config/model_config.h"

namespace mobileclip::train {

/// How fresh weights are drawn.
struct InitOptions {
  uint64_t seed = 0;
  double layer_scale = 1e-5;        ///< of every residual branch that has one
  double logit_scale = 2.65925999;  ///< ln(1 / 0.07), the log of the scale
};

struct NamedTensor {
  std::string name;
  torch::Tensor value;
  bool trainable = false;  ///< false: BatchNorm statistics and counters
};

/// Every tensor of expected_tensors(config), in its order, float32 (counters int64). Each is drawn
/// from a stream of its own, keyed by (seed, name), as the published code initialises it
/// (spec/training §4.3): BN 1/0, ConvFFN trunc-normal 0.02, text transformer as open_clip's.
class Parameters {
 public:
  Parameters(const ModelConfig& config, const InitOptions& init);

  const std::vector<NamedTensor>& all() const { return tensors_; }
  /// The tensor of this name; kInternal if the variant has none.
  const torch::Tensor& at(const std::string& name) const;
  bool has(const std::string& name) const { return by_name_.contains(name); }

 private:
  std::vector<NamedTensor> tensors_;
  std::unordered_map<std::string, size_t> by_name_;
};

/// A place in the module tree, as Scope is for loading.
class Cursor {
 public:
  explicit Cursor(const Parameters& parameters, std::string path = "")
      : parameters_(&parameters), path_(std::move(path)) {}
  Cursor operator/(std::string_view child) const { return Cursor(*parameters_, join(child)); }
  Cursor operator/(const char* child) const { return *this / std::string_view(child); }
  Cursor operator/(size_t index) const { return *this / std::string_view(std::to_string(index)); }
  Cursor operator/(int index) const { return *this / static_cast<size_t>(index); }
  const torch::Tensor& operator[](std::string_view leaf) const {
    return parameters_->at(join(leaf));
  }

 private:
  std::string join(std::string_view leaf) const {
    return path_.empty() ? std::string(leaf) : path_ + "." + std::string(leaf);
  }
  const Parameters* parameters_;
  std::string path_;
};

}  // namespace mobileclip::train

#endif  // MOBILECLIP_TRAIN_PARAMETERS_H_
