/// Both towers in training form, and the scale between them: the student of a training run.
#ifndef MOBILECLIP_TRAIN_TOWERS_H_
#define MOBILECLIP_TRAIN_TOWERS_H_

#include <torch/torch.h>

#include <memory>
#include <vector>

#include "train/blocks.h"

namespace mobileclip::train {

/// N × 3 × S × S pixels (already normalised) → N × embed_dim, raw.
class ImageTrunk {
 public:
  virtual ~ImageTrunk() = default;
  virtual torch::Tensor forward(const torch::Tensor& pixels, Mode mode) const = 0;
};

/// spec/models "MCi image encoder".
class MciTrunk : public ImageTrunk {
 public:
  MciTrunk(const Cursor& at, const ModelConfig& config);
  torch::Tensor forward(const torch::Tensor& pixels, Mode mode) const override;

 private:
  std::vector<MobileOne> stem_;
  std::vector<RepMixerBlock> stages_[3];
  std::vector<PatchEmbed> downsample_;
  torch::Tensor cpe_weight_, cpe_bias_;
  std::vector<AttentionBlock> attention_;
  MobileOne expand_;
  SqueezeExcite expand_se_;
  torch::Tensor projection_;
};

/// spec/models "ViT-B/16 image encoder".
class VitTrunk : public ImageTrunk {
 public:
  VitTrunk(const Cursor& at, const ModelConfig& config);
  torch::Tensor forward(const torch::Tensor& pixels, Mode mode) const override;

 private:
  std::vector<ConvBn> stem_;
  torch::Tensor last_weight_, last_bias_, positions_, class_token_;
  std::vector<TransformerLayer> layers_;
  torch::Tensor norm_weight_, norm_bias_, projection_;
};

/// Token ids M × context (int64) → M × embed_dim, raw.
class TextTrunk {
 public:
  TextTrunk(const Cursor& at, const ModelConfig& config);
  torch::Tensor forward(const torch::Tensor& ids, Mode mode) const;

 private:
  torch::Tensor mix(const RepMixerBlock& block, const torch::Tensor& x, Mode mode) const;

  torch::Tensor embedding_, positions_;
  std::vector<RepMixerBlock> mixers_;  // none, or one before and one after the layers
  std::vector<TransformerLayer> layers_;
  torch::Tensor norm_weight_, norm_bias_, projection_;
};

/// The model being trained. Not thread-safe: forward in kTrain mode updates batch statistics.
class Student {
 public:
  Student(const ModelConfig& config, const InitOptions& init);

  const ModelConfig& config() const { return config_; }
  const Parameters& parameters() const { return parameters_; }
  /// The log of the scale, a scalar parameter.
  const torch::Tensor& logit_scale() const { return parameters_.at("logit_scale"); }

  /// Rows of unit length, float32.
  torch::Tensor encode_image(const torch::Tensor& pixels, Mode mode) const;
  torch::Tensor encode_text(const torch::Tensor& ids, Mode mode) const;

 private:
  ModelConfig config_;
  Parameters parameters_;
  std::unique_ptr<ImageTrunk> image_;
  std::unique_ptr<TextTrunk> text_;
};

}  // namespace mobileclip::train

#endif  // MOBILECLIP_TRAIN_TOWERS_H_
