#include "train/blocks.h"

#include "train/attention.h"
#include "train/depthwise.h"
#include "train/norm_sum.h"

namespace mobileclip::train {
namespace {

constexpr double kEps = 1e-5;
constexpr double kMomentum = 0.1;
constexpr int64_t kAttentionHeadDim = 32;

/// Stride as given, zeros of (k − 1) / 2 on each side.
ConvShape centred(const torch::Tensor& weight, int64_t stride, int64_t groups) {
  return {{stride, stride}, {(weight.size(2) - 1) / 2, (weight.size(3) - 1) / 2}, groups};
}

torch::Tensor pointwise(const torch::Tensor& x, const torch::Tensor& weight,
                        const torch::Tensor& bias) {
  return torch::conv2d(x, weight, bias);
}

}  // namespace

BatchNorm::BatchNorm(const Cursor& at)
    : weight(at["weight"]),
      bias(at["bias"]),
      mean(at["running_mean"]),
      variance(at["running_var"]),
      count(at["num_batches_tracked"]) {}

BatchNorm::BatchNorm(torch::Tensor weight_, torch::Tensor bias_, torch::Tensor mean_,
                     torch::Tensor variance_, torch::Tensor count_)
    : weight(std::move(weight_)),
      bias(std::move(bias_)),
      mean(std::move(mean_)),
      variance(std::move(variance_)),
      count(std::move(count_)) {}

torch::Tensor BatchNorm::forward(const torch::Tensor& x, Mode mode) const {
  if (mode == Mode::kTrain) count.add_(1);
  const bool running = mode != Mode::kTrainAgain;
  return torch::batch_norm(x, weight, bias, running ? mean : torch::Tensor(),
                           running ? variance : torch::Tensor(), mode != Mode::kEval, kMomentum,
                           kEps, false);
}

ConvBn::ConvBn(const Cursor& at, int64_t stride, int64_t groups, const char* norm)
    : ConvBn(at, centred((at / "conv")["weight"], stride, groups), norm) {}

ConvBn::ConvBn(const Cursor& at, const ConvShape& conv_shape, const char* norm)
    : weight((at / "conv")["weight"]), shape(conv_shape), bn(at / norm) {}

torch::Tensor ConvBn::convolve(const torch::Tensor& x) const {
  const bool depthwise = shape.groups > 1 && shape.groups == x.size(1);
  if (depthwise) {
    return depthwise_conv(x, weight, shape.stride[0], shape.padding[0], shape.padding[1]);
  }
  return torch::conv2d(x, weight, {}, shape.stride, shape.padding, {1, 1}, shape.groups);
}

torch::Tensor ConvBn::forward(const torch::Tensor& x, Mode mode) const {
  return norm_sum({{convolve(x), &bn}}, mode, false);
}

SqueezeExcite::SqueezeExcite(const Cursor& at, const char* reduce, const char* expand)
    : reduce_weight((at / reduce)["weight"]),
      reduce_bias((at / reduce)["bias"]),
      expand_weight((at / expand)["weight"]),
      expand_bias((at / expand)["bias"]) {}

torch::Tensor SqueezeExcite::forward(const torch::Tensor& x) const {
  const torch::Tensor pooled = x.mean({2, 3}, true);
  const torch::Tensor hidden = torch::relu(pointwise(pooled, reduce_weight, reduce_bias));
  return x * torch::sigmoid(pointwise(hidden, expand_weight, expand_bias));
}

MobileOne::MobileOne(const Cursor& at, const BranchSet& branches, int64_t stride, int64_t groups) {
  if (branches.conv) convs.emplace_back(at / "rbr_conv" / 0, stride, groups);
  if (branches.scale) convs.emplace_back(at / "rbr_scale", stride, groups);
  if (branches.skip) skips.emplace_back(at / "rbr_skip");
}

std::vector<NormTerm> MobileOne::terms(const torch::Tensor& x) const {
  std::vector<NormTerm> out;
  for (const ConvBn& conv : convs) out.push_back({conv.convolve(x), &conv.bn});
  for (const BatchNorm& skip : skips) out.push_back({x, &skip});
  return out;
}

torch::Tensor MobileOne::forward(const torch::Tensor& x, Mode mode, bool gelu) const {
  return norm_sum(terms(x), mode, gelu);
}

ConvFfn::ConvFfn(const Cursor& at)
    : depthwise(at / "conv", 1, (at / "conv" / "conv")["weight"].size(0)),
      fc1_weight((at / "fc1")["weight"]),
      fc1_bias((at / "fc1")["bias"]),
      fc2_weight((at / "fc2")["weight"]),
      fc2_bias((at / "fc2")["bias"]) {}

torch::Tensor ConvFfn::forward(const torch::Tensor& x, Mode mode) const {
  const torch::Tensor hidden =
      torch::gelu(pointwise(depthwise.forward(x, mode), fc1_weight, fc1_bias));
  return pointwise(hidden, fc2_weight, fc2_bias);
}

RepMixerBlock::RepMixerBlock(const Cursor& at, bool text)
    : mixer_scale((at / "token_mixer")["layer_scale"]),
      ffn_scale(at["layer_scale"]),
      mixer(at / "token_mixer" / "mixer", {.conv = true, .scale = !text, .skip = true}, 1,
            mixer_scale.size(0)),
      norm(at / "token_mixer" / "norm", {.conv = false, .scale = false, .skip = true}, 1,
           mixer_scale.size(0)),
      ffn(at / "convffn") {}

torch::Tensor RepMixerBlock::forward(const torch::Tensor& x, Mode mode) const {
  std::vector<NormTerm> branches = mixer.terms(x);
  branches.push_back({x, &norm.skips[0], -1});
  const torch::Tensor mixed = x + mixer_scale * norm_sum(branches, mode, false);
  return mixed + ffn_scale * ffn.forward(mixed, mode);
}

PatchEmbed::PatchEmbed(const Cursor& at, bool squeeze_excite)
    : large(at / "proj" / 0 / "lkb_origin", 2,
            (at / "proj" / 0 / "lkb_origin" / "conv")["weight"].size(0) / 2),
      small(at / "proj" / 0 / "small_conv", 2, large.shape.groups),
      pointwise(at / "proj" / 1, {.conv = true, .scale = false, .skip = true}, 1, 1) {
  if (squeeze_excite) se.emplace_back(at / "proj" / 0 / "se", "fc1", "fc2");
}

torch::Tensor PatchEmbed::forward(const torch::Tensor& x, Mode mode) const {
  torch::Tensor y =
      norm_sum({{large.convolve(x), &large.bn}, {small.convolve(x), &small.bn}}, mode, se.empty());
  if (!se.empty()) y = torch::gelu(se[0].forward(y));
  return pointwise.forward(y, mode, true);
}

AttentionBlock::AttentionBlock(const Cursor& at)
    : scale_1(at["layer_scale_1"]),
      scale_2(at["layer_scale_2"]),
      qkv((at / "token_mixer" / "qkv")["weight"]),
      proj_weight((at / "token_mixer" / "proj")["weight"]),
      proj_bias((at / "token_mixer" / "proj")["bias"]),
      norm(at / "norm"),
      ffn(at / "convffn") {}

torch::Tensor AttentionBlock::forward(const torch::Tensor& x, Mode mode) const {
  const int64_t b = x.size(0), c = x.size(1);
  const torch::Tensor tokens =
      norm_sum({{x, &norm}}, mode, false).flatten(2).transpose(1, 2);  // B × HW × C
  const torch::Tensor mixed = linear_rows(
      attend(linear_rows(tokens, qkv, {}), c / kAttentionHeadDim, false), proj_weight, proj_bias);
  const torch::Tensor y = x + scale_1 * mixed.transpose(1, 2).reshape({b, c, x.size(2), x.size(3)});
  return y + scale_2 * ffn.forward(y, mode);
}

TransformerLayer::TransformerLayer(const Cursor& at, int64_t head_count, bool is_causal)
    : heads(head_count),
      causal(is_causal),
      norm1_weight((at / "pre_norm_mha" / 0)["weight"]),
      norm1_bias((at / "pre_norm_mha" / 0)["bias"]),
      qkv_weight((at / "pre_norm_mha" / 1 / "qkv_proj")["weight"]),
      qkv_bias((at / "pre_norm_mha" / 1 / "qkv_proj")["bias"]),
      out_weight((at / "pre_norm_mha" / 1 / "out_proj")["weight"]),
      out_bias((at / "pre_norm_mha" / 1 / "out_proj")["bias"]),
      norm2_weight((at / "pre_norm_ffn" / 0)["weight"]),
      norm2_bias((at / "pre_norm_ffn" / 0)["bias"]),
      fc1_weight((at / "pre_norm_ffn" / 1)["weight"]),
      fc1_bias((at / "pre_norm_ffn" / 1)["bias"]),
      fc2_weight((at / "pre_norm_ffn" / 4)["weight"]),
      fc2_bias((at / "pre_norm_ffn" / 4)["bias"]) {}

torch::Tensor TransformerLayer::forward(const torch::Tensor& x) const {
  const int64_t d = x.size(2);
  const torch::Tensor normed = torch::layer_norm(x, {d}, norm1_weight, norm1_bias, kEps);
  const torch::Tensor y =
      x + linear_rows(attend(linear_rows(normed, qkv_weight, qkv_bias), heads, causal), out_weight,
                      out_bias);
  const torch::Tensor hidden = torch::gelu(
      linear_rows(torch::layer_norm(y, {d}, norm2_weight, norm2_bias, kEps), fc1_weight, fc1_bias));
  return y + linear_rows(hidden, fc2_weight, fc2_bias);
}

}  // namespace mobileclip::train
