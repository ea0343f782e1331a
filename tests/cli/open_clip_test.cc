// open_clip's files at the command line: what info says of them, and sentences for what does not
// fit.
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>

#include "../goldens/tiny.h"
#include "engine/recognise.h"
#include "model/clip.h"
#include "program.h"

namespace mobileclip::test {
namespace {

/// A folder with a tiny file of the variant's tensors, and a configuration beside it.
std::string folder_of(const char* variant, const std::string& config = "") {
  std::string folder = fresh_folder();
  write_file(folder + "/open_clip_pytorch_model.bin",
             golden::tiny_file(expected_tensors(require_variant(variant))));
  if (!config.empty()) write_file(folder + "/open_clip_config.json", config);
  return folder;
}

nlohmann::json info(const std::string& path) {
  const Outcome outcome = run({{"info", "--json", path}});
  EXPECT_EQ(outcome.exit_code, 0) << outcome.err;
  return outcome.json_lines().at(0);
}

TEST(OpenClipFiles, InfoSaysWhichOfTheTwoNetworksItIs) {
  const auto theirs = info(folder_of("MobileCLIP-B"));
  EXPECT_EQ(theirs["dialect"], "open_clip");
  EXPECT_EQ(theirs["stem_padding"], 0);
  EXPECT_EQ(theirs["image_ln_eps"], 1e-6);
  const auto apples = info(folder_of("mobileclip_b"));
  EXPECT_EQ(apples["dialect"], "mobileclip");
  EXPECT_EQ(apples["stem_padding"], 1);
  EXPECT_EQ(apples["image_ln_eps"], 1e-5);
  const Outcome text = run({{"info", folder_of("MobileCLIP2-B")}});
  EXPECT_NE(text.out.find("stem padding 0"), std::string::npos) << text.out;
  EXPECT_NE(text.out.find("one network: MobileCLIP-B"), std::string::npos) << text.out;
}

TEST(OpenClipFiles, InfoSaysWhereThePixelsContractIsFrom) {
  const auto table = info(folder_of("MobileCLIP2-S3"));
  EXPECT_EQ(table["input"]["source"], "table");
  EXPECT_NE(table["notes"][0].get<std::string>().find("MobileCLIP-S3"), std::string::npos);
  EXPECT_NE(table["notes"][0].get<std::string>().find("not confirmed"), std::string::npos);
  const std::string folder =
      folder_of("MobileCLIP2-S3", R"({"preprocess_cfg":{"mean":[0,0,0],"resize_mode":"squash"}})");
  const auto stated = info(folder);
  EXPECT_EQ(stated["input"]["source"], "open_clip_config.json");
  EXPECT_EQ(stated["input"]["mean"], nlohmann::json({0.0, 0.0, 0.0}));
  EXPECT_EQ(stated["input"]["resize"], "squash");
  EXPECT_FALSE(stated.contains("notes"));
  const Outcome text = run({{"info", folder}});
  EXPECT_NE(text.out.find("256 x 256 squashed"), std::string::npos) << text.out;
  EXPECT_NE(text.out.find("as the open_clip_config.json beside it says"), std::string::npos);
}

void expect_sentence(const std::vector<std::string>& arguments, int exit_code,
                     const std::vector<std::string>& parts) {
  const Outcome outcome = run({arguments});
  EXPECT_EQ(outcome.exit_code, exit_code);
  EXPECT_EQ(std::count(outcome.err.begin(), outcome.err.end(), '\n'), 1) << outcome.err;
  for (const std::string& part : parts) {
    EXPECT_NE(outcome.err.find(part), std::string::npos) << outcome.err;
  }
}

TEST(OpenClipFiles, WhatDoesNotFitIsToldInOneSentence) {
  const std::string vit = folder_of("ViT-B-16");
  expect_sentence({"info", vit}, 1, {"--arch", "ViT-B-16-quickgelu", "ViT-B-16,"});
  EXPECT_EQ(run({{"info", vit, "--arch", "vit-b-16"}}).exit_code, 0);
  expect_sentence({"info", vit, "--arch", "mobileclip_b"}, 1, {"does not fit mobileclip_b"});
  write_file(vit + "/open_clip_config.json", "{]");
  expect_sentence({"info", vit}, 4, {"open_clip_config.json", "not a JSON object"});
  const std::string pointer = fresh_folder() + "/open_clip_pytorch_model.bin";
  write_file(pointer, "version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 1\n");
  expect_sentence({"classify", "-m", pointer, kPhoto, "-l", "a"}, 1,
                  {"Git LFS pointer", "git lfs pull"});
  expect_sentence({"info", fresh_folder()}, 1, {"without weights"});
}

TEST(OpenClipFiles, FamilyTakesFewOptions) {
  expect_sentence({"bench", "--family", "--batch", "2"}, 2, {"--family takes"});
  expect_sentence({"bench", "--svg", "x.svg"}, 2, {"--svg goes with --family"});
  expect_sentence({"bench", "--family", "--svg", "/no/such/x.svg"}, 1, {"/no/such"});
}

}  // namespace
}  // namespace mobileclip::test
