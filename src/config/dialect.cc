#include "config/dialect.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <span>

#include "base/error.h"

namespace mobileclip {
namespace {

/// A leading part of a name, or a whole segment of one, and what open_clip calls it.
struct Renamed {
  std::string_view ours, theirs;
};

/// `name` with the first rule applied whose left side it begins with.
std::string replace_head(std::string_view name, std::span<const Renamed> rules) {
  for (const Renamed& rule : rules) {
    if (name.starts_with(rule.ours)) {
      return std::string(rule.theirs) + std::string(name.substr(rule.ours.size()));
    }
  }
  return std::string(name);
}

/// Splits off the leading number of "12.rest".
size_t take_index(std::string_view& name) {
  size_t index = 0;
  const auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), index);
  if (error != std::errc() || end == name.data() + name.size() || *end != '.') {
    fail(ErrorCode::kInternal, "no number begins {}", quote(std::string(name)));
  }
  name.remove_prefix(static_cast<size_t>(end - name.data()) + 1);
  return index;
}

// Layers of a transformer, as torch's and as timm's modules call their parts.
constexpr Renamed kResidualBlock[] = {
    {"pre_norm_mha.0.", "ln_1."},
    {"pre_norm_mha.1.qkv_proj.", "attn.in_proj_"},
    {"pre_norm_mha.1.out_proj.", "attn.out_proj."},
    {"pre_norm_ffn.0.", "ln_2."},
    {"pre_norm_ffn.1.", "mlp.c_fc."},
    {"pre_norm_ffn.4.", "mlp.c_proj."},
};
constexpr Renamed kTimmBlock[] = {
    {"pre_norm_mha.0.", "norm1."},
    {"pre_norm_mha.1.qkv_proj.", "attn.qkv."},
    {"pre_norm_mha.1.out_proj.", "attn.proj."},
    {"pre_norm_ffn.0.", "norm2."},
    {"pre_norm_ffn.1.", "mlp.fc1."},
    {"pre_norm_ffn.4.", "mlp.fc2."},
};

std::string layer(std::string_view name, std::string_view parent, std::span<const Renamed> rules) {
  name.remove_prefix(std::string_view("transformer.").size());
  const size_t index = take_index(name);
  return fmt::format("{}.{}.{}", parent, index, replace_head(name, rules));
}

Shape without_ones(const Shape& shape, size_t keep) {
  return {shape.end() - static_cast<ptrdiff_t>(keep), shape.end()};
}

StoredAs transposed(std::string name, const Shape& shape) {
  return {std::move(name), {shape[1], shape[0]}, true};
}

StoredAs text(const ModelConfig& config, std::string_view name, const Shape& shape) {
  const std::string at = config.openai_names ? "" : "text.";
  if (name.starts_with("transformer.")) {
    return {at + layer(name, "transformer.resblocks", kResidualBlock), shape};
  }
  if (name == "positional_embedding.pos_embed.pos_embed") {
    return {at + "positional_embedding", without_ones(shape, 2)};
  }
  if (name == "projection_layer" && config.text.projection_bias) {
    return transposed(at + "text_projection.weight", shape);
  }
  constexpr Renamed kRules[] = {
      {"projection_bias", "text_projection.bias"},
      {"projection_layer", "text_projection"},
      {"embedding_layer.", "token_embedding."},
      {"final_layer_norm.", "ln_final."},
  };
  return {at + replace_head(name, kRules), shape};
}

/// What stands at one index of MCi's `network`.
struct Place {
  size_t stage;
  std::string_view part;
};

Place place_of(const MciConfig& mci, size_t index) {
  const size_t stages = mci.stages();
  for (size_t stage = 0; stage < stages; ++stage) {
    if (stage > 0 && index-- == 0) return {stage, "downsample"};
    const bool attention = stage + static_cast<size_t>(mci.attention_stages) >= stages;
    if (attention && index-- == 0) return {stage, "pos_emb"};
    if (index-- == 0) return {stage, "blocks"};
  }
  fail(ErrorCode::kInternal, "an index is beyond the network's {} stages", stages);
}

/// Segments of the names inside FastViT's blocks.
std::string fastvit(std::string_view name) {
  constexpr Renamed kSegments[] = {
      {"rbr_conv", "conv_kxk"},
      {"rbr_scale", "conv_scale"},
      {"rbr_skip", "identity"},
      {"lkb_origin", "large_conv"},
      {"convffn", "mlp"},
      {"reduce", "fc1"},
      {"expand", "fc2"},
      {"pe", "pos_enc"},
      {"layer_scale", "layer_scale.gamma"},
      {"layer_scale_1", "layer_scale_1.gamma"},
      {"layer_scale_2", "layer_scale_2.gamma"},
  };
  std::string out;
  for (;;) {
    const size_t end = name.find('.');
    const std::string_view segment = name.substr(0, end);
    const auto* const rule = std::ranges::find(kSegments, segment, &Renamed::ours);
    out += rule == std::end(kSegments) ? segment : rule->theirs;
    if (end == std::string_view::npos) return out;
    out += '.';
    name.remove_prefix(end + 1);
  }
}

StoredAs mci_image(const ModelConfig& config, std::string_view name, const Shape& shape) {
  constexpr std::string_view kNetwork = "network.";
  if (name == "head.proj") return transposed("head.fc.weight", shape);
  if (name.starts_with(kNetwork)) {
    std::string_view rest = name.substr(kNetwork.size());
    const Place place = place_of(config.mci, take_index(rest));
    return {fmt::format("stages.{}.{}.{}", place.stage, place.part, fastvit(rest)), shape};
  }
  constexpr Renamed kRules[] = {
      {"head.bias", "head.fc.bias"}, {"patch_embed.", "stem."}, {"conv_exp.", "final_conv."}};
  return {fastvit(replace_head(name, kRules)), shape};
}

/// timm's ViTs.
StoredAs vit_image(std::string_view name, const Shape& shape) {
  if (name.starts_with("transformer.")) return {layer(name, "blocks", kTimmBlock), shape};
  if (name == "pos_embed.pos_embed.pos_embed") return {"pos_embed", without_ones(shape, 3)};
  if (name == "classifier.proj") return transposed("head.weight", shape);
  constexpr Renamed kRules[] = {
      {"classifier.bias", "head.bias"},
      {"pre_norm.", "norm_pre."},
      {"post_transformer_norm.", "norm."},
      {"patch_emb.proj.", "patch_embed.proj."},
      {"patch_emb.0.block.norm.", "patch_embed.backbone.0.bn."},
      {"patch_emb.1.block.norm.", "patch_embed.backbone.1.bn."},
      {"patch_emb.0.block.", "patch_embed.backbone.0."},
      {"patch_emb.1.block.", "patch_embed.backbone.1."},
      {"patch_emb.2.block.", "patch_embed.backbone.2."},
  };
  return {replace_head(name, kRules), shape};
}

/// The ViT of OpenAI's own code.
StoredAs openai_image(std::string_view name, const Shape& shape) {
  if (name.starts_with("transformer.")) {
    return {layer(name, "transformer.resblocks", kResidualBlock), shape};
  }
  if (name == "pos_embed.pos_embed.pos_embed") {
    return {"positional_embedding", without_ones(shape, 2)};
  }
  if (name == "cls_token") return {"class_embedding", without_ones(shape, 1)};
  constexpr Renamed kRules[] = {
      {"classifier.proj", "proj"},
      {"pre_norm.", "ln_pre."},
      {"post_transformer_norm.", "ln_post."},
      {"patch_emb.proj.", "conv1."},
  };
  return {replace_head(name, kRules), shape};
}

StoredAs open_clip(const ModelConfig& config, std::string_view name, const Shape& shape) {
  constexpr std::string_view kText = "text_encoder.", kImage = "image_encoder.model.";
  if (name.starts_with(kText)) return text(config, name.substr(kText.size()), shape);
  if (!name.starts_with(kImage)) return {std::string(name), shape};
  name.remove_prefix(kImage.size());
  StoredAs out;
  if (config.image_tower == ImageTower::kMci) {
    out = mci_image(config, name, shape);
  } else {
    out = config.openai_names ? openai_image(name, shape) : vit_image(name, shape);
  }
  out.name = (config.openai_names ? "visual." : "visual.trunk.") + out.name;
  return out;
}

}  // namespace

Dialect dialect_of(const ModelConfig& config) {
  if (config.dialect != "open_clip") return {};
  return [&config](const std::string& name, const Shape& shape) {
    return open_clip(config, name, shape);
  };
}

}  // namespace mobileclip
