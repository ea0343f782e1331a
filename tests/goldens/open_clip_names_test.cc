// open_clip's models: names and shapes, which is which, and what each expects of its pixels.
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <sstream>

#include "base/error.h"
#include "download/sha256.h"
#include "engine/recognise.h"
#include "model/clip.h"
#include "open_clip.h"
#include "tiny.h"

namespace mobileclip {
namespace {

using Names = std::map<std::string, std::string>;

Names names_of(const ModelConfig& config) {
  Names out;
  for (const TensorSpec& spec : expected_tensors(config)) {
    const bool fresh =
        out.emplace(spec.name, shape_string(spec.shape) + (spec.integer ? "\tint64" : "\tfloat32"))
            .second;
    EXPECT_TRUE(fresh) << spec.name << " is fetched twice";
  }
  return out;
}

Names names_of(const char* variant) { return names_of(require_variant(variant)); }

TEST(OpenClipNames, EveryTensorEqualsThePublishedList) {
  std::istringstream lines(golden::slurp(MOBILECLIP_TEST_DATA "/models_open_clip/names.tsv"));
  size_t seen = 0;
  for (std::string line; std::getline(lines, line);) {
    if (line.starts_with("#")) continue;
    std::istringstream fields(line);
    std::string model, hash;
    size_t count = 0;
    fields >> model >> count >> hash;
    const Names ours = names_of(model.c_str());
    std::string all;
    for (const auto& [name, rest] : ours) all += name + "\t" + rest + "\n";
    EXPECT_EQ(ours.size(), count) << model;
    EXPECT_EQ(sha256_of(std::as_bytes(std::span(all))), hash) << model;
    ++seen;
  }
  EXPECT_EQ(seen, 12u);
}

TEST(OpenClipNames, ModelsWithoutAListHaveThoseOfTheirKindWithTheirOwnShapes) {
  EXPECT_EQ(names_of("MobileCLIP-S3"), names_of("MobileCLIP2-S3"));
  EXPECT_EQ(names_of("MobileCLIP-S4"), names_of("MobileCLIP2-S4"));
  EXPECT_EQ(names_of("MobileCLIP-L-14"), names_of("MobileCLIP2-L-14"));
  EXPECT_EQ(names_of("DFN2B-CLIP-ViT-B-16"), names_of("ViT-B-16-quickgelu"));
  EXPECT_EQ(names_of("ViT-B-16"), names_of("ViT-B-16-quickgelu"));
  Names b32 = names_of("ViT-B-16-quickgelu");
  b32["visual.conv1.weight"] = "768x3x32x32\tfloat32";
  b32["visual.positional_embedding"] = "50x768\tfloat32";
  EXPECT_EQ(names_of("ViT-B-32-quickgelu"), b32);
  Names l14 = names_of("ViT-L-14-336-quickgelu");
  l14["visual.positional_embedding"] = "257x1024\tfloat32";
  EXPECT_EQ(names_of("ViT-L-14-quickgelu"), l14);
}

TEST(OpenClipNames, ParameterCountsAreTheReferences) {
  // Of the goldens, in millions: total and image.
  const std::map<std::string, std::pair<double, double>> expected = {
      {"MobileCLIP-S1", {84.969729, 21.541632}},
      {"MobileCLIP-B", {149.777153, 86.349056}},
      {"MobileCLIP2-S0", {74.835073, 11.406976}},
      {"MobileCLIP2-S2", {99.243329, 35.815232}},
      {"MobileCLIP2-S3", {248.885953, 125.235648}},
      {"MobileCLIP2-S4", {445.435137, 321.784832}},
      {"MobileCLIP2-L-14", {427.617281, 303.966976}},
      {"ViT-B-16-quickgelu", {149.620737, 86.19264}},
      {"ViT-L-14-336-quickgelu", {427.944193, 304.293888}},
      {"ViT-B-16-SigLIP", {203.15597, 92.884224}}};
  for (const auto& [name, millions] : expected) {
    const ModelConfig& config = require_variant(name);
    const ParameterCount count = count_parameters(config);
    const uint64_t scalars = config.logit_bias ? 2 : 1;
    EXPECT_EQ(count.image + count.text + scalars,
              static_cast<uint64_t>(std::llround(millions.first * 1e6)))
        << name;
    EXPECT_EQ(count.image, static_cast<uint64_t>(std::llround(millions.second * 1e6))) << name;
  }
}

TEST(OpenClipContract, IsThatOfTheTable) {
  const std::array<float, 3> zero = {0, 0, 0}, one = {1, 1, 1}, half = {0.5f, 0.5f, 0.5f};
  const std::array<float, 3> mean = {0.48145466f, 0.4578275f, 0.40821073f};
  const std::array<float, 3> std = {0.26862954f, 0.26130258f, 0.27577711f};
  struct Row {
    const char* name;
    int size;
    bool bicubic, squash;
    std::array<float, 3> mean, std;
    int width, layers, heads, context;
    bool causal, quick;
    int dim;
    float image_eps, text_eps;
  };
  const Row rows[] = {
      {"MobileCLIP-S1", 256, false, false, zero, one, 512, 12, 8, 77, false, false, 512, 1e-5f,
       1e-5f},
      {"MobileCLIP-S2", 256, false, false, zero, one, 512, 12, 8, 77, false, false, 512, 1e-5f,
       1e-5f},
      {"MobileCLIP-B", 224, false, false, zero, one, 512, 12, 8, 77, true, false, 512, 1e-6f,
       1e-5f},
      {"MobileCLIP2-S0", 256, false, false, zero, one, 512, 12, 8, 77, false, false, 512, 1e-5f,
       1e-5f},
      {"MobileCLIP2-S2", 256, false, false, zero, one, 512, 12, 8, 77, false, false, 512, 1e-5f,
       1e-5f},
      {"MobileCLIP2-B", 224, false, false, zero, one, 512, 12, 8, 77, true, false, 512, 1e-6f,
       1e-5f},
      {"MobileCLIP2-S3", 256, false, false, mean, std, 768, 12, 12, 77, false, false, 768, 1e-5f,
       1e-5f},
      {"MobileCLIP2-S4", 256, false, false, mean, std, 768, 12, 12, 77, false, false, 768, 1e-5f,
       1e-5f},
      {"MobileCLIP2-L-14", 224, true, false, mean, std, 768, 12, 12, 77, false, false, 768, 1e-5f,
       1e-5f},
      {"MobileCLIP-S3", 256, false, false, mean, std, 768, 12, 12, 77, false, false, 768, 1e-5f,
       1e-5f},
      {"MobileCLIP-S4", 256, false, false, mean, std, 768, 12, 12, 77, false, false, 768, 1e-5f,
       1e-5f},
      {"MobileCLIP-L-14", 224, true, false, mean, std, 768, 12, 12, 77, false, false, 768, 1e-5f,
       1e-5f},
      {"ViT-B-16-quickgelu", 224, true, false, mean, std, 512, 12, 8, 77, true, true, 512, 1e-5f,
       1e-5f},
      {"ViT-B-32-quickgelu", 224, true, false, mean, std, 512, 12, 8, 77, true, true, 512, 1e-5f,
       1e-5f},
      {"ViT-L-14-quickgelu", 224, true, false, mean, std, 768, 12, 12, 77, true, true, 768, 1e-5f,
       1e-5f},
      {"ViT-L-14-336-quickgelu", 336, true, false, mean, std, 768, 12, 12, 77, true, true, 768,
       1e-5f, 1e-5f},
      {"DFN2B-CLIP-ViT-B-16", 224, true, false, mean, std, 512, 12, 8, 77, true, true, 512, 1e-5f,
       1e-5f},
      {"ViT-B-16-SigLIP", 224, true, true, half, half, 768, 12, 12, 64, false, false, 768, 1e-6f,
       1e-6f},
  };
  for (const Row& row : rows) {
    const ModelConfig& config = require_variant(row.name);
    const PreprocessConfig pixels = preprocess_config(config);
    EXPECT_EQ(pixels.size, row.size) << row.name;
    EXPECT_EQ(pixels.interpolation == Interpolation::kBicubic, row.bicubic) << row.name;
    EXPECT_EQ(pixels.squash, row.squash) << row.name;
    EXPECT_EQ(pixels.mean, row.mean) << row.name;
    EXPECT_EQ(pixels.std, row.std) << row.name;
    EXPECT_EQ(config.text.width, row.width) << row.name;
    EXPECT_EQ(config.text.layers, row.layers) << row.name;
    EXPECT_EQ(config.text.heads, row.heads) << row.name;
    EXPECT_EQ(config.text.context, row.context) << row.name;
    EXPECT_EQ(config.text.causal, row.causal) << row.name;
    EXPECT_EQ(config.text.activation == ActivationKind::kQuickGelu, row.quick) << row.name;
    EXPECT_EQ(config.vit.activation == ActivationKind::kQuickGelu, row.quick) << row.name;
    EXPECT_EQ(config.embed_dim, row.dim) << row.name;
    EXPECT_EQ(config.vit.ln_eps, row.image_eps) << row.name;
    EXPECT_EQ(config.text.ln_eps, row.text_eps) << row.name;
    // Only Apple's own MobileCLIP-B pads its stem.
    const bool padded = config.image_tower == ImageTower::kVit && config.vit.stem_padding != 0;
    EXPECT_FALSE(padded) << row.name;
  }
  EXPECT_EQ(require_variant("mobileclip_b").vit.stem_padding, 1);
  EXPECT_EQ(require_variant("mobileclip_b").vit.ln_eps, 1e-5f);
  for (const char* name : {"MobileCLIP-S3", "MobileCLIP-S4", "MobileCLIP-L-14"}) {
    EXPECT_NE(require_variant(name).note.find("not confirmed"), std::string_view::npos) << name;
  }
}

std::vector<std::string> candidates(const char* name) {
  return recognise(golden::parse(expected_tensors(require_variant(name)))).candidates;
}

TEST(OpenClipRecognition, OneNetworkHasAllItsNames) {
  using List = std::vector<std::string>;
  EXPECT_EQ(candidates("MobileCLIP-S1"), (List{"MobileCLIP-S1"}));
  EXPECT_EQ(candidates("MobileCLIP2-S0"), (List{"MobileCLIP2-S0"}));
  EXPECT_EQ(candidates("MobileCLIP2-S2"), (List{"MobileCLIP-S2", "MobileCLIP2-S2"}));
  EXPECT_EQ(candidates("MobileCLIP2-B"),
            (List{"MobileCLIP-B", "MobileCLIP-B-LT", "MobileCLIP2-B"}));
  EXPECT_EQ(candidates("MobileCLIP-S4"), (List{"MobileCLIP2-S4", "MobileCLIP-S4"}));
  EXPECT_EQ(candidates("ViT-B-16-SigLIP"), (List{"ViT-B-16-SigLIP"}));
}

Error error_of(const Checkpoint& checkpoint) {
  try {
    recognise(checkpoint);
  } catch (const Error& error) {
    return error;
  }
  return {ErrorCode::kInternal, "recognised"};
}

TEST(OpenClipRecognition, AClipVitIsAskedForItsActivation) {
  const auto tensors = expected_tensors(require_variant("ViT-B-16"));
  const Error error = error_of(golden::parse(tensors));
  EXPECT_EQ(error.code(), ErrorCode::kInvalidArgument);
  for (const char* part : {"--arch", "ViT-B-16-quickgelu, ViT-B-16,", "open_clip_config.json"}) {
    EXPECT_NE(error.message().find(part), std::string::npos) << error.message();
  }
  for (const char* name : {"ViT-B-16", "ViT-B-16-quickgelu", "DFN2B-CLIP-ViT-B-16"}) {
    EXPECT_EQ(recognise(golden::parse(tensors), name).config->name, name);
  }
}

/// The tensors of a variant in a file, with a configuration beside it.
class Beside : public testing::Test {
 protected:
  Checkpoint open(const char* variant, const std::string& json) {
    const std::string folder = testing::TempDir() + "/beside";
    std::filesystem::create_directories(folder);
    std::ofstream(folder + "/weights.bin", std::ios::binary)
        << golden::tiny_file(expected_tensors(require_variant(variant)));
    std::ofstream(folder + "/open_clip_config.json", std::ios::trunc) << json;
    return Checkpoint::open(folder + "/weights.bin");
  }
};

TEST_F(Beside, TellsTheActivation) {
  EXPECT_EQ(recognise(open("ViT-B-16", R"({"model_cfg":{"quick_gelu":true}})")).config->name,
            "ViT-B-16-quickgelu");
  EXPECT_EQ(recognise(open("ViT-B-16", R"({"model_cfg":{"text_cfg":{}}})")).config->name,
            "ViT-B-16");
}

TEST_F(Beside, ItsPixelsWinOverTheTable) {
  const Recognised found = recognise(open("MobileCLIP2-S3", R"({"model_cfg":{"embed_dim":768},
    "preprocess_cfg":{"size":[256,256],"mean":[0,0.25,0],"std":[1,1,0.5],
                      "interpolation":"bicubic","resize_mode":"squash"}})"));
  EXPECT_TRUE(found.contract_is_stated);
  const PreprocessConfig pixels = preprocess_config(found.effective);
  EXPECT_EQ(pixels.mean, (std::array<float, 3>{0, 0.25f, 0}));
  EXPECT_EQ(pixels.std, (std::array<float, 3>{1, 1, 0.5f}));
  EXPECT_EQ(pixels.interpolation, Interpolation::kBicubic);
  EXPECT_TRUE(pixels.squash);
  EXPECT_FALSE(recognise(open("MobileCLIP2-S3", R"({"model_cfg":{}})")).contract_is_stated);
  // Apple's own files are as the paper's table says, whatever lies beside them.
  EXPECT_FALSE(recognise(open("mobileclip_s1", R"({"preprocess_cfg":{"mean":[9,9,9]}})"))
                   .contract_is_stated);
}

TEST_F(Beside, ContradictionsAndNonsenseAreRefused) {
  const Error mask =
      error_of(open("MobileCLIP2-S0", R"({"model_cfg":{"text_cfg":{"no_causal_mask":false}}})"));
  EXPECT_EQ(mask.code(), ErrorCode::kUnsupported);
  EXPECT_NE(mask.message().find("no_causal_mask is false"), std::string::npos) << mask.message();
  EXPECT_EQ(error_of(open("MobileCLIP2-S0", R"({"preprocess_cfg":{"size":224}})")).code(),
            ErrorCode::kUnsupported);
  for (const char* bad :
       {"[1]", "{", R"({"model_cfg":3})", R"({"model_cfg":{"quick_gelu":1}})",
        R"({"preprocess_cfg":{"mean":[0,0]}})", R"({"preprocess_cfg":{"std":[1,0,1]}})",
        R"({"preprocess_cfg":{"size":"big"}})", R"({"preprocess_cfg":{"interpolation":"lanczos"}})",
        R"({"preprocess_cfg":{"resize_mode":"longest"}})"}) {
    const Error error = error_of(open("MobileCLIP2-S0", bad));
    EXPECT_EQ(error.code(), ErrorCode::kDamaged) << bad;
    EXPECT_NE(error.message().find("open_clip_config.json"), std::string::npos) << error.message();
  }
}

TEST_F(Beside, AFolderMeansTheWeightsInIt) {
  open("ViT-B-16", R"({"model_cfg":{"quick_gelu":true}})");
  const std::string folder = testing::TempDir() + "/beside";
  EXPECT_EQ(recognise(Checkpoint::open(folder)).config->name, "ViT-B-16-quickgelu");
}

}  // namespace
}  // namespace mobileclip
