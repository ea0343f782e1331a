#include "train/adamw.h"

#include <gtest/gtest.h>

#include "model/clip.h"

namespace mobileclip::train {
namespace {

TEST(AdamW, FiftyStepsEqualTorchWithGroupsAndClipping) {
  const ModelConfig& config = *find_variant("mobileclip_nano");
  const Parameters ours(config, {.seed = 3}), theirs(config, {.seed = 3});
  AdamW optimizer(ours, {.beta1 = 0.9, .beta2 = 0.95, .eps = 1e-8, .weight_decay = 0.2});
  std::vector<torch::Tensor> decayed, plain, all;
  for (const NamedTensor& tensor : theirs.all()) {
    if (!tensor.trainable) continue;
    (decays(tensor.name, tensor.value.dim()) ? decayed : plain).push_back(tensor.value);
    all.push_back(tensor.value);
  }
  const auto options = [](double decay) {
    return std::make_unique<torch::optim::AdamWOptions>(
        torch::optim::AdamWOptions(1e-3).betas({0.9, 0.95}).eps(1e-8).weight_decay(decay));
  };
  torch::optim::AdamW reference({{decayed, options(0.2)}, {plain, options(0)}});
  torch::manual_seed(1);
  for (int step = 0; step < 50; ++step) {
    size_t i = 0;
    for (const NamedTensor& tensor : ours.all()) {
      if (!tensor.trainable) continue;
      const torch::Tensor gradient = torch::randn_like(tensor.value) * 0.01;
      tensor.value.mutable_grad() = gradient;
      all[i++].mutable_grad() = gradient.clone();
    }
    const double norm = optimizer.clip_gradients(1);
    EXPECT_NEAR(torch::nn::utils::clip_grad_norm_(all, 1.0), norm, 1e-3 * norm);
    for (auto& group : reference.param_groups()) {
      static_cast<torch::optim::AdamWOptions&>(group.options()).lr(1e-3 * (step + 1));
    }
    optimizer.update(1e-3 * (step + 1));
    reference.step();
  }
  size_t i = 0;
  for (const NamedTensor& tensor : ours.all()) {
    if (!tensor.trainable) continue;
    const torch::Tensor& expected = all[i++];
    EXPECT_LT(((tensor.value - expected).norm() / (expected.norm() + 1e-3)).item<double>(), 1e-5)
        << tensor.name;
  }
}

TEST(AdamW, WeightDecayFollowsNamesAndDimensions) {
  EXPECT_FALSE(decays("logit_scale", 0));
  EXPECT_FALSE(decays("image_encoder.model.patch_embed.0.rbr_conv.0.bn.weight", 1));
  EXPECT_FALSE(decays("text_encoder.transformer.1.pre_norm_mha.1.qkv_proj.bias", 1));
  EXPECT_TRUE(decays("text_encoder.embedding_layer.weight", 2));
  EXPECT_TRUE(decays("image_encoder.model.network.0.0.layer_scale", 3));  // C × 1 × 1 does decay
  EXPECT_TRUE(decays("text_encoder.positional_embedding.pos_embed.pos_embed", 4));
  EXPECT_EQ(default_eps("vit_b_16"), 1e-6);
  EXPECT_EQ(default_eps("mobileclip_b"), 1e-8);
}

TEST(Schedule, TableOfRates) {
  const Schedule s{.base = 2, .floor = 0, .warmup = 10, .total = 110};
  EXPECT_NEAR(s.at(0), 0.2, 1e-12);
  EXPECT_NEAR(s.at(9), 2, 1e-12);
  EXPECT_NEAR(s.at(10), 2, 1e-12);
  EXPECT_NEAR(s.at(60), 1, 1e-12);
  EXPECT_NEAR(s.at(109), 2 * 0.5 * (1 + std::cos(M_PI * 0.99)), 1e-12);
  EXPECT_NEAR(s.at(110), 0, 1e-12);
  const Schedule with_floor{.base = 2, .floor = 1, .warmup = 0, .total = 100};
  EXPECT_NEAR(with_floor.at(0), 2, 1e-12);
  EXPECT_NEAR(with_floor.at(50), 1.5, 1e-12);
  EXPECT_NEAR(with_floor.at(100), 1, 1e-12);
}

}  // namespace
}  // namespace mobileclip::train
