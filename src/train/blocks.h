/// The blocks of both towers in training form: branches, batch norms and layer scales apart, on
/// torch tensors. Names and order are spec/models' ("Building blocks").
#ifndef MOBILECLIP_TRAIN_BLOCKS_H_
#define MOBILECLIP_TRAIN_BLOCKS_H_

#include <torch/torch.h>

#include <vector>

#include "train/parameters.h"

namespace mobileclip::train {

/// What batch norms do; gradients flow in every mode.
enum class Mode {
  kTrain,       ///< use the batch's statistics and update the running ones
  kTrainAgain,  ///< use the batch's statistics only: a second forward of the same rows
  kEval,        ///< use the running statistics
};

/// BN over channels (dimension 1), eps 1e-5, momentum 0.1.
struct BatchNorm {
  explicit BatchNorm(const Cursor& at);
  BatchNorm(torch::Tensor weight, torch::Tensor bias, torch::Tensor mean, torch::Tensor variance,
            torch::Tensor count);
  torch::Tensor forward(const torch::Tensor& x, Mode mode) const;
  torch::Tensor weight, bias, mean, variance, count;
};

struct ConvShape {
  std::vector<int64_t> stride{1, 1};
  std::vector<int64_t> padding{0, 0};
  int64_t groups = 1;
};

/// `conv` without bias, then `bn`.
struct ConvBn {
  ConvBn(const Cursor& at, int64_t stride, int64_t groups, const char* norm = "bn");
  ConvBn(const Cursor& at, const ConvShape& shape, const char* norm);
  torch::Tensor forward(const torch::Tensor& x, Mode mode) const;
  /// The convolution alone.
  torch::Tensor convolve(const torch::Tensor& x) const;
  torch::Tensor weight;
  ConvShape shape;
  BatchNorm bn;
};

/// Global average pool, two 1×1 convolutions, ReLU between, sigmoid, multiply.
struct SqueezeExcite {
  SqueezeExcite(const Cursor& at, const char* reduce, const char* expand);
  torch::Tensor forward(const torch::Tensor& x) const;
  torch::Tensor reduce_weight, reduce_bias, expand_weight, expand_bias;
};

struct BranchSet {
  bool conv = true, scale = true, skip = false;
};

struct NormTerm;

/// Sum of the branches; no SE.
struct MobileOne {
  MobileOne(const Cursor& at, const BranchSet& branches, int64_t stride, int64_t groups);
  torch::Tensor forward(const torch::Tensor& x, Mode mode, bool gelu) const;
  /// The branches' convolutions with their norms, not yet summed.
  std::vector<NormTerm> terms(const torch::Tensor& x) const;
  std::vector<ConvBn> convs;     // rbr_conv.0, rbr_scale
  std::vector<BatchNorm> skips;  // rbr_skip
};

struct ConvFfn {
  explicit ConvFfn(const Cursor& at);
  torch::Tensor forward(const torch::Tensor& x, Mode mode) const;
  ConvBn depthwise;
  torch::Tensor fc1_weight, fc1_bias, fc2_weight, fc2_bias;
};

/// RepMixer, then ConvFFN; in images 3×3 with a scale branch, in texts 1×11 without.
struct RepMixerBlock {
  RepMixerBlock(const Cursor& at, bool text);
  torch::Tensor forward(const torch::Tensor& x, Mode mode) const;
  torch::Tensor mixer_scale, ffn_scale;
  MobileOne mixer, norm;
  ConvFfn ffn;
};

/// ReparamLargeKernel (7×7 and 3×3, stride 2) with GELU, then a 1×1 MobileOne with GELU.
struct PatchEmbed {
  PatchEmbed(const Cursor& at, bool squeeze_excite);
  torch::Tensor forward(const torch::Tensor& x, Mode mode) const;
  ConvBn large, small;
  std::vector<SqueezeExcite> se;  // none or one
  MobileOne pointwise;
};

/// Multi-head attention over the positions with head dim 32, then ConvFFN.
struct AttentionBlock {
  explicit AttentionBlock(const Cursor& at);
  torch::Tensor forward(const torch::Tensor& x, Mode mode) const;
  torch::Tensor scale_1, scale_2, qkv, proj_weight, proj_bias;
  BatchNorm norm;
  ConvFfn ffn;
};

/// Pre-norm Transformer layer on B × T × D.
struct TransformerLayer {
  TransformerLayer(const Cursor& at, int64_t heads, bool causal);
  torch::Tensor forward(const torch::Tensor& x) const;
  int64_t heads;
  bool causal;
  torch::Tensor norm1_weight, norm1_bias, qkv_weight, qkv_bias, out_weight, out_bias;
  torch::Tensor norm2_weight, norm2_bias, fc1_weight, fc1_bias, fc2_weight, fc2_bias;
};

}  // namespace mobileclip::train

#endif  // MOBILECLIP_TRAIN_BLOCKS_H_
