// open_clip's files at the command line: what info says of them, and sentences for what does not
// fit.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <filesystem>

#include "../goldens/siglip_files.h"
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

#ifdef MOBILECLIP_HAS_SHIPPED_MODEL
/// A safetensors file as two, with an index beside them.
std::string as_index(const std::string& file) {
  const std::string bytes = read_file(file);
  uint64_t size = 0;
  std::memcpy(&size, bytes.data(), sizeof size);
  const auto header = nlohmann::json::parse(bytes.substr(8, size));
  std::string folder = fresh_folder();
  nlohmann::json headers[2], map;
  std::string data[2];
  size_t number = 0;
  for (const auto& [name, tensor] : header.items()) {
    if (name == "__metadata__") continue;
    const size_t part = number++ % 2;
    const uint64_t begin = tensor["data_offsets"][0], end = tensor["data_offsets"][1];
    headers[part][name] = tensor;
    headers[part][name]["data_offsets"] = {data[part].size(), data[part].size() + end - begin};
    data[part] += bytes.substr(8 + size + begin, end - begin);
    map["weight_map"][name] = part == 0 ? "a.safetensors" : "b.safetensors";
  }
  for (const size_t part : {0, 1}) {
    const std::string text = headers[part].dump();
    write_file(folder + (part == 0 ? "/a" : "/b") + ".safetensors",
               golden::le(text.size(), 8) + text + data[part]);
  }
  write_file(folder + "/model.safetensors.index.json", map.dump());
  return folder;
}

TEST(OpenClipFiles, AnIndexIsKnownByAllItsFiles) {
  const std::string whole = fresh_folder() + "/nano.safetensors";
  ASSERT_EQ(run({{"convert", "mobileclip_nano", whole, "--keep-branches"}}).exit_code, 0);
  const std::string folder = as_index(whole);
  const auto source = [&] {
    const Outcome outcome = run({{"convert", "--json", folder, fresh_folder() + "/x.safetensors"}});
    EXPECT_EQ(outcome.exit_code, 0) << outcome.err;
    return outcome.json_lines().at(0)["source_sha256"].get<std::string>();
  };
  const auto before = info(folder);
  ASSERT_EQ(before["parts"].size(), 2u);
  EXPECT_EQ(before["parts"][0]["file"], folder + "/a.safetensors");
  const std::string source_before = source();
  std::string part = read_file(folder + "/b.safetensors");
  part[part.size() - 4] = static_cast<char>(part[part.size() - 4] ^ 1);  // of the last number
  write_file(folder + "/b.safetensors", part);
  const auto after = info(folder);
  EXPECT_EQ(after["sha256"], before["sha256"]);
  EXPECT_EQ(after["parts"][0], before["parts"][0]);
  EXPECT_NE(after["parts"][1]["sha256"], before["parts"][1]["sha256"]);
  EXPECT_NE(source(), source_before);
  const std::string hash = after["parts"][1]["sha256"];
  EXPECT_NE(run({{"info", folder}}).out.find(hash), std::string::npos);
  const auto verified = run({{"verify", "--json", folder}}).json_lines().at(0);
  EXPECT_EQ(verified["parts"][1]["sha256"], hash);
  write_file(folder + "/b.licence.json",
             nlohmann::json({{"file", "b.safetensors"}, {"sha256", source_before}}).dump());
  expect_sentence({"verify", folder}, 4, {"b.safetensors", "recorded"});
}
#endif

TEST(OpenClipFiles, TokenizeReadsAsTheModelDoes) {
  const std::string folder = folder_of("ViT-B-16-SigLIP");
  const std::string file = folder + "/open_clip_pytorch_model.bin";
  expect_sentence({"tokenize", "-m", file, "a cat"}, 1, {"SentencePiece", "--tokenizer"});
  expect_sentence({"tokenize", "--arch", "ViT-B-16-SigLIP", "a cat"}, 1, {"SentencePiece"});
  expect_sentence({"tokenize", "--tokenizer", file, "a cat"}, 2, {"--tokenizer is for SigLIP"});
  const std::string pieces = fresh_folder() + "/pieces.model";
  write_file(pieces, golden::siglip_pieces());
#ifdef MOBILECLIP_HAS_SENTENCEPIECE
  const auto ids = [](std::vector<std::string> words) {
    words.insert(words.begin(), "tokenize");
    words.emplace_back("A cat, two DOGS!");
    return run({words}).out;
  };
  const std::string expected = ids({"-m", file, "--tokenizer", pieces});
  EXPECT_TRUE(expected.starts_with("[3,4,")) << expected;
  EXPECT_TRUE(expected.ends_with(",5,6,1]\n")) << expected;
  EXPECT_EQ(ids({"--arch", "ViT-B-16-SigLIP", "--tokenizer", pieces}), expected);
  write_file(folder + "/spiece.model", golden::siglip_pieces());
  EXPECT_EQ(ids({"-m", file}), expected);
#else
  expect_sentence({"tokenize", "-m", file, "--tokenizer", pieces, "a"}, 1,
                  {"MOBILECLIP_SENTENCEPIECE"});
#endif
}

TEST(OpenClipFiles, FamilyTakesFewOptions) {
  expect_sentence({"bench", "--family", "--batch", "2"}, 2, {"--family takes"});
  expect_sentence({"bench", "--svg", "x.svg"}, 2, {"--svg goes with --family"});
  expect_sentence({"bench", "--family", "--svg", "/no/such/x.svg"}, 1, {"/no/such"});
}

}  // namespace
}  // namespace mobileclip::test
