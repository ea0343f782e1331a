// open_clip's models with synthetic weights: embeddings and every part against the float64
// reference. Names of checkpoints that share a network are tested with one of them.
#include <gtest/gtest.h>

#include "base/error.h"
#include "engine/session.h"
#include "model/clip.h"
#include "open_clip.h"
#include "probe.h"
#include "siglip_files.h"

namespace mobileclip {
namespace {

constexpr double kTolerance = 2e-6;

/// What the golden calls one of our parts.
std::string their_part(std::string_view part, const ModelConfig& config) {
  constexpr std::string_view kTrunk = "visual.trunk.";
  std::string out(kTrunk);
  const auto index = [&](std::string_view head) {
    return std::stoul(std::string(part.substr(head.size())));
  };
  if (part == "conv_exp") return out + "final_conv";
  if (part == "patch_emb") return out + "patch_embed";
  if (part == "patch_embed") return out + "stem";
  if (part.starts_with("transformer.")) {
    return out + "blocks." + std::to_string(index("transformer."));
  }
  // The blocks of stage S stand behind S downsamplings and the positional encodings so far.
  size_t at = index("network.");
  const size_t stages = config.mci.stages();
  for (size_t stage = 0; stage < stages; ++stage) {
    const bool attention = stage + static_cast<size_t>(config.mci.attention_stages) >= stages;
    const size_t before = (stage > 0 ? 1u : 0u) + (attention ? 1u : 0u);
    if (at == before) return out + "stages." + std::to_string(stage);
    if (at < before) return "";
    at -= before + 1;
  }
  return "";
}

class OpenClip : public testing::TestWithParam<const char*> {
 protected:
  void SetUp() override {
    golden_ = golden::load_open_clip(GetParam());
    if (!golden_) GTEST_SKIP() << "MOBILECLIP_GOLDEN is not set";
    const ModelConfig& row = require_variant(GetParam());
    bytes_ = golden::synthetic_bytes(row);
    LoadOptions options;
    options.arch = row.name;
    model_ = Model::load(golden::parse_bytes(bytes_), options, pool_);
    dim_ = static_cast<size_t>(model_->config().embed_dim);
  }

  ThreadPool pool_{2};
  std::optional<nlohmann::json> golden_;
  std::string bytes_;
  std::shared_ptr<const Model> model_;
  size_t dim_ = 0;
};

TEST_P(OpenClip, EqualsTheReference) {
  Session session(model_, pool_);
  EXPECT_NEAR(model_->logit_scale(), golden_->at("logit_scale_exp").get<double>(), 1e-4);
  const auto& bias = golden_->at("logit_bias");
  EXPECT_EQ(model_->config().logit_bias, !bias.is_null());
  EXPECT_NEAR(model_->logit_bias(), bias.is_null() ? 0.0 : bias.get<double>(), 1e-7);
  std::vector<float> out(dim_);
  for (const auto& [name, image] : golden_->at("images").items()) {
    session.encode_pixels_chw(golden::noise_image(name.back() - '0', model_->config()), 1,
                              out.data());
    const auto expected = image.at("embedding").get<std::vector<double>>();
    ASSERT_EQ(expected.size(), dim_);
    const double error = golden::relative_error(out.data(), expected);
    EXPECT_LE(error, kTolerance) << name;
    RecordProperty("image_" + name, std::to_string(error * 1e6));
  }
  for (const auto& [name, text] : golden_->at("texts").items()) {
    session.encode_tokens(golden::token_row(text, model_->config()), 1, out.data());
    const double error =
        golden::relative_error(out.data(), text.at("embedding").get<std::vector<double>>());
    EXPECT_LE(error, kTolerance) << name;
    RecordProperty("text_" + name, std::to_string(error * 1e6));
  }
  Workspace workspace(pool_.threads());
  const auto& probes = golden_->at("probes_first_item");
  const std::vector<float> chw = golden::noise_image(0, model_->config());
  const size_t plane = chw.size() / 3;
  std::vector<float> hwc(chw.size());
  for (size_t i = 0; i < chw.size(); ++i) hwc[i % plane * 3 + i / plane] = chw[i];
  size_t seen = 0;
  model_->clip().image()->encode({pool_, workspace}, hwc.data(), 1, out.data(),
                                 [&](std::string_view part, Features f) {
                                   const std::string name = their_part(part, model_->config());
                                   if (name.empty() || !probes.contains(name)) return;
                                   ++seen;
                                   if (probes.at(name).at("shape").size() == 2) {  // token rows
                                     f.height = f.positions();
                                     f.width = 1;
                                   }
                                   golden::check_probe(probes.at(name), name, f, false);
                                 });
  EXPECT_EQ(seen, probes.size());
}

TEST(SigLip, ReadsStringsWithItsTokenizer) {
  const ModelConfig& config = require_variant("ViT-B-16-SigLIP");
  const std::string bytes = golden::synthetic_bytes(config);
  ThreadPool pool(2);
  LoadOptions options;
  options.towers = Towers::kText;
  const std::vector<std::string> texts = {"A cat!"};
  std::vector<float> from_text(768), from_ids(768);
  try {
    Session without(Model::load(golden::parse_bytes(bytes), options, pool), pool);
    without.encode_texts(texts, from_text.data());
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::kNotFound);
    EXPECT_NE(error.message().find("--tokenizer"), std::string::npos) << error.message();
  }
  options.tokenizer = testing::TempDir() + "/siglip.spiece.model";
  std::ofstream(options.tokenizer, std::ios::binary) << golden::siglip_pieces();
  const auto model = Model::load(golden::parse_bytes(bytes), options, pool);
  Session session(model, pool);
  session.encode_texts(texts, from_text.data());
  std::vector<int32_t> ids(64, 1);
  ids[0] = 3;
  ids[1] = 4;
  session.encode_tokens(ids, 1, from_ids.data());
  EXPECT_EQ(from_text, from_ids);
  EXPECT_GT(model->logit_scale(), 50.0f);
}

std::string test_name(const testing::TestParamInfo<const char*>& info) {
  std::string out(info.param);
  std::erase(out, '-');
  return out;
}

INSTANTIATE_TEST_SUITE_P(Models, OpenClip,
                         testing::Values("MobileCLIP-S1", "MobileCLIP-S2", "MobileCLIP-B",
                                         "MobileCLIP2-S0", "MobileCLIP2-S2", "MobileCLIP2-B",
                                         "MobileCLIP2-S3", "ViT-B-16-quickgelu", "ViT-B-16-SigLIP"),
                         test_name);
INSTANTIATE_TEST_SUITE_P(LargeModels, OpenClip,
                         testing::Values("MobileCLIP2-S4", "MobileCLIP2-L-14",
                                         "ViT-L-14-336-quickgelu"),
                         test_name);

}  // namespace
}  // namespace mobileclip
