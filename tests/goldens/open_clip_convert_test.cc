// The two dialects of one model: the same bits out of both, and there and back again.
#include <gtest/gtest.h>

#include <cstring>

#include "base/error.h"
#include "engine/convert.h"
#include "engine/recognise.h"
#include "engine/session.h"
#include "engine/synthetic.h"
#include "engine/training_form.h"
#include "open_clip.h"

namespace mobileclip {
namespace {

namespace fs = std::filesystem;

class Dialects : public testing::TestWithParam<const char*> {
 protected:
  static std::string file(const std::string& name) {
    return testing::TempDir() + "/" + GetParam() + "." + name + ".safetensors";
  }
  void TearDown() override {
    for (const char* name : {"there", "back"}) fs::remove(file(name));
  }
  ThreadPool pool_{2};
};

/// All tensors as bytes, in the order of their names.
std::map<std::string, std::string> contents(const Checkpoint& checkpoint) {
  std::map<std::string, std::string> out;
  for (const TensorEntry& tensor : checkpoint.tensors()) {
    std::string bytes = shape_string(tensor.shape) + " " + std::string(dtype_name(tensor.dtype));
    for (uint64_t i = 0; i < tensor.elements(); ++i) {
      const double value = read_element(tensor, i);
      bytes.append(reinterpret_cast<const char*>(&value), sizeof value);
    }
    out.emplace(tensor.name, std::move(bytes));
  }
  return out;
}

TEST_P(Dialects, GiveTheSameBitsAndGoThereAndBack) {
  const Checkpoint apple = Checkpoint::open(golden::checkpoint_path(GetParam()));
  const ModelConfig& theirs =
      write_training_form(apple, file("there"), {"", "open_clip", false}, pool_);
  EXPECT_EQ(theirs.dialect, "open_clip");
  const Checkpoint there = Checkpoint::open(file("there"));
  const auto a = Model::load(apple, {}, pool_);
  const auto b = Model::load(there, {}, pool_);
  EXPECT_EQ(b->config().name, theirs.name);
  std::vector<float> from_a(512), from_b(512);
  Session session_a(a, pool_), session_b(b, pool_);
  const std::vector<float> image = golden::noise_image(0, a->config());
  session_a.encode_pixels_chw(image, 1, from_a.data());
  session_b.encode_pixels_chw(image, 1, from_b.data());
  EXPECT_EQ(from_a, from_b);
  const std::vector<std::string> text = {"a photo of a cat"};
  session_a.encode_texts(text, from_a.data());
  session_b.encode_texts(text, from_b.data());
  EXPECT_EQ(from_a, from_b);
  write_training_form(there, file("back"), {"", "mobileclip", false}, pool_);
  EXPECT_TRUE(contents(Checkpoint::open(file("back"))) == contents(apple));
}

INSTANTIATE_TEST_SUITE_P(Variants, Dialects, testing::Values("mobileclip_s1", "mobileclip_s2"),
                         [](const auto& variant) { return std::string(variant.param); });

std::string refusal(const Checkpoint& from, const TrainingFormOptions& options) {
  ThreadPool pool(2);
  const std::string path = testing::TempDir() + "/refused.safetensors";
  try {
    write_training_form(from, path, options, pool);
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::kUnsupported);
    EXPECT_FALSE(fs::exists(path));
    return error.message();
  }
  return "written";
}

TEST(DialectsOfB, AreTwoNetworks) {
  const ModelConfig& config = require_variant("MobileCLIP-B");
  const std::string bytes = golden::synthetic_bytes(config);
  const Checkpoint checkpoint = golden::parse_bytes(bytes);
  const std::string differences = refusal(checkpoint, {"", "mobileclip", false});
  for (const char* part : {"stem padding 0 and 1", "eps 1e-06 and 1e-05", "--force"}) {
    EXPECT_NE(differences.find(part), std::string::npos) << differences;
  }
  // Synthetic weights have a bias where Apple's files have no place for one.
  const std::string bias = refusal(checkpoint, {"", "mobileclip", true});
  EXPECT_NE(bias.find("visual.trunk.head.bias\" is not zero"), std::string::npos) << bias;
}

TEST(DialectsOfB, OnlyThreeModelsHaveBoth) {
  std::vector<std::string_view> both;
  for (const ModelConfig& config : variants()) {
    if (config.dialect == "mobileclip" && counterpart(config, "open_clip") != nullptr) {
      both.push_back(config.name);
    }
  }
  EXPECT_EQ(both, (std::vector<std::string_view>{"mobileclip_s1", "mobileclip_s2", "mobileclip_b",
                                                 "mobileclip_blt"}));
}

// SigLIP's bias is a single number that no layer holds.
TEST(ConvertedSigLip, KeepsItsScaleAndBias) {
  const std::string source = testing::TempDir() + "/siglip.pt";
  const std::string path = testing::TempDir() + "/siglip.converted.safetensors";
  ThreadPool pool(2);
  write_synthetic_checkpoint(require_variant("ViT-B-16-SigLIP"), source);
  write_converted(Checkpoint::open(source), path, {}, pool);
  const auto expected = Model::load(source, {}, pool);
  const auto ours = Model::load(path, {}, pool);
  fs::remove(source);  // both stay mapped
  fs::remove(path);
  EXPECT_NE(expected->logit_bias(), 0);
  EXPECT_EQ(ours->logit_bias(), expected->logit_bias());
  EXPECT_EQ(ours->logit_scale(), expected->logit_scale());
}

}  // namespace
}  // namespace mobileclip
