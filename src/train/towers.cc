#include "train/towers.h"

#include "train/depthwise.h"

namespace mobileclip::train {
namespace {

constexpr double kLayerNormEps = 1e-5;

torch::Tensor unit_rows(const torch::Tensor& rows) {
  const torch::Tensor wide = rows.to(torch::kFloat32);
  return wide / wide.norm(2, -1, true).clamp_min(1e-12);
}

}  // namespace

MciTrunk::MciTrunk(const Cursor& at, const ModelConfig& config)
    : expand_(at / "conv_exp", {}, 1, config.mci.widths[3]),
      expand_se_(at / "conv_exp" / "se", "reduce", "expand"),
      projection_((at / "head")["proj"]) {
  const Cursor stem = at / "patch_embed";
  stem_.emplace_back(stem / 0, BranchSet{}, 2, 1);
  stem_.emplace_back(stem / 1, BranchSet{}, 2, config.mci.widths[0]);
  stem_.emplace_back(stem / 2, BranchSet{.conv = true, .scale = false, .skip = true}, 1, 1);
  const Cursor network = at / "network";
  for (size_t stage = 0; stage < 3; ++stage) {
    for (int i = 0; i < config.mci.depths[stage]; ++i) {
      stages_[stage].emplace_back(network / (2 * stage) / static_cast<size_t>(i), false);
    }
    downsample_.emplace_back(network / (2 * stage + 1), stage > 0);
  }
  cpe_weight_ = (network / 6 / "pe")["weight"];
  cpe_bias_ = (network / 6 / "pe")["bias"];
  for (int i = 0; i < config.mci.depths[3]; ++i) {
    attention_.emplace_back(network / 7 / static_cast<size_t>(i));
  }
}

torch::Tensor MciTrunk::forward(const torch::Tensor& pixels, Mode mode) const {
  torch::Tensor x = pixels;
  for (const MobileOne& block : stem_) x = block.forward(x, mode, true);
  for (size_t stage = 0; stage < 3; ++stage) {
    for (const RepMixerBlock& block : stages_[stage]) x = block.forward(x, mode);
    x = downsample_[stage].forward(x, mode);
  }
  x = x + depthwise_conv(x, cpe_weight_, 1, 3, 3) + cpe_bias_.view({1, -1, 1, 1});
  for (const AttentionBlock& block : attention_) x = block.forward(x, mode);
  x = torch::gelu(expand_se_.forward(expand_.forward(x, mode, false)));
  return torch::matmul(x.mean({2, 3}), projection_);
}

VitTrunk::VitTrunk(const Cursor& at, const ModelConfig& config)
    : last_weight_((at / "patch_emb" / 2 / "block" / "conv")["weight"]),
      last_bias_((at / "patch_emb" / 2 / "block" / "conv")["bias"]),
      positions_((at / "pos_embed" / "pos_embed")["pos_embed"]),
      class_token_(at["cls_token"]),
      norm_weight_((at / "post_transformer_norm")["weight"]),
      norm_bias_((at / "post_transformer_norm")["bias"]),
      projection_((at / "classifier")["proj"]) {
  stem_.emplace_back(at / "patch_emb" / 0 / "block", ConvShape{{4, 4}, {1, 1}, 1}, "norm");
  stem_.emplace_back(at / "patch_emb" / 1 / "block", ConvShape{{2, 2}, {0, 0}, 1}, "norm");
  for (int i = 0; i < config.vit.layers; ++i) {
    layers_.emplace_back(at / "transformer" / static_cast<size_t>(i), config.vit.heads, false);
  }
}

torch::Tensor VitTrunk::forward(const torch::Tensor& pixels, Mode mode) const {
  torch::Tensor x = pixels;
  for (const ConvBn& conv : stem_) x = torch::gelu(conv.forward(x, mode));
  x = torch::conv2d(x, last_weight_, last_bias_, {2, 2}).flatten(2).transpose(1, 2);
  x = x + positions_.squeeze(0);
  x = torch::cat({class_token_.expand({x.size(0), 1, x.size(2)}), x}, 1);
  for (const TransformerLayer& layer : layers_) x = layer.forward(x);
  x = torch::layer_norm(x.select(1, 0), {x.size(2)}, norm_weight_, norm_bias_, kLayerNormEps);
  return torch::matmul(x, projection_);
}

TextTrunk::TextTrunk(const Cursor& at, const ModelConfig& config)
    : embedding_((at / "embedding_layer")["weight"]),
      positions_((at / "positional_embedding" / "pos_embed")["pos_embed"]),
      norm_weight_((at / "final_layer_norm")["weight"]),
      norm_bias_((at / "final_layer_norm")["bias"]),
      projection_(at["projection_layer"]) {
  const Cursor transformer = at / "transformer";
  const auto layers = static_cast<size_t>(config.text.layers);
  const size_t first = config.text_tower == TextTower::kMct ? 1 : 0;
  for (size_t i = 0; i < layers; ++i) {
    layers_.emplace_back(transformer / (first + i), config.text.heads, config.text.causal);
  }
  if (first == 1) {
    mixers_.emplace_back(transformer / 0, true);
    mixers_.emplace_back(transformer / (layers + 1), true);
  }
}

torch::Tensor TextTrunk::mix(const RepMixerBlock& block, const torch::Tensor& x, Mode mode) const {
  const torch::Tensor image = x.transpose(1, 2).unsqueeze(2).contiguous();  // M × D × 1 × T
  return block.forward(image, mode).squeeze(2).transpose(1, 2).contiguous();
}

torch::Tensor TextTrunk::forward(const torch::Tensor& ids, Mode mode) const {
  torch::Tensor x = torch::embedding(embedding_, ids) + positions_.squeeze(0);
  if (!mixers_.empty()) x = mix(mixers_.front(), x, mode);
  for (const TransformerLayer& layer : layers_) x = layer.forward(x);
  if (!mixers_.empty()) x = mix(mixers_.back(), x, mode);
  // The first maximum id is the first end of text; only its position is read.
  const torch::Tensor end = (ids == std::get<0>(ids.max(1, true))).to(torch::kInt64).argmax(1);
  x = x.gather(1, end.view({-1, 1, 1}).expand({-1, 1, x.size(2)})).squeeze(1);
  x = torch::layer_norm(x, {x.size(1)}, norm_weight_, norm_bias_, kLayerNormEps);
  return torch::matmul(x, projection_);
}

Student::Student(const ModelConfig& config, const InitOptions& init)
    : config_(config), parameters_(config, init) {
  const Cursor root(parameters_);
  const Cursor image = root / "image_encoder" / "model";
  if (config.image_tower == ImageTower::kMci) {
    image_ = std::make_unique<MciTrunk>(image, config);
  } else {
    image_ = std::make_unique<VitTrunk>(image, config);
  }
  text_ = std::make_unique<TextTrunk>(root / "text_encoder", config);
}

torch::Tensor Student::encode_image(const torch::Tensor& pixels, Mode mode) const {
  return unit_rows(image_->forward(pixels, mode));
}

torch::Tensor Student::encode_text(const torch::Tensor& ids, Mode mode) const {
  return unit_rows(text_->forward(ids, mode));
}

}  // namespace mobileclip::train
