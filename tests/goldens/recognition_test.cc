// A file that differs from its variant in a single tensor is refused; the variant follows from all
// names and shapes. The files are tiny: every tensor is an expanded view of one number.
#include <gtest/gtest.h>

#include <algorithm>
#include <functional>

#include "base/error.h"
#include "engine/recognise.h"
#include "golden.h"
#include "model/clip.h"
#include "tiny.h"

namespace mobileclip {
namespace {

TEST(Recognition, EveryVariantIsFoundUnderEveryPrefix) {
  for (const ModelConfig& config : variants()) {
    if (config.openai_names) continue;  // of two networks each: open_clip_recognition_test.cc
    for (const char* prefix : {"", "state_dict.", "state_dict.module.", "module._orig_mod."}) {
      std::vector<TensorSpec> tensors = expected_tensors(config);
      for (TensorSpec& tensor : tensors) tensor.name = prefix + tensor.name;
      const Recognised found = recognise(golden::parse(tensors));
      EXPECT_EQ(found.prefix, prefix);
      EXPECT_NE(std::ranges::find(found.candidates, config.name), found.candidates.end());
      EXPECT_EQ(found.candidates.size(), same_networks(config).size());
    }
  }
}

TEST(Recognition, EveryTensorRemovedRenamedOrReshapedIsRefused) {
  const ModelConfig& config = *find_variant("mobileclip_s0");
  const std::vector<TensorSpec> good = expected_tensors(config);
  size_t refused = 0;
  size_t made = 0;
  const auto expect_refused = [&](const std::vector<TensorSpec>& tensors, const std::string& name) {
    ++made;
    const Differences differences = compare(golden::parse(tensors), "", good);
    EXPECT_FALSE(differences.empty()) << name;
    EXPECT_NE(differences.sentence().find(name), std::string::npos) << name;
    refused += differences.empty() ? 0 : 1;
  };
  for (size_t i = 0; i < good.size(); ++i) {
    std::vector<TensorSpec> changed = good;
    changed.erase(changed.begin() + static_cast<ptrdiff_t>(i));
    expect_refused(changed, good[i].name);
    changed = good;
    changed[i].name += "_";
    expect_refused(changed, good[i].name);
    changed = good;
    changed[i].shape.push_back(2);
    expect_refused(changed, good[i].name);
    changed = good;
    changed[i].integer = !changed[i].integer;
    expect_refused(changed, good[i].name);
    if (good[i].shape.size() >= 2 && good[i].shape[0] != good[i].shape[1]) {
      changed = good;
      std::swap(changed[i].shape[0], changed[i].shape[1]);
      expect_refused(changed, good[i].name);
    }
  }
  EXPECT_EQ(refused, made);
  EXPECT_GT(made, 4 * good.size());
}

TEST(Recognition, FoldedFilesAndOthersAreNamed) {
  std::vector<TensorSpec> tensors = expected_tensors(*find_variant("mobileclip_s0"));
  tensors[5].name = "image_encoder.model.patch_embed.0.reparam_conv.weight";
  try {
    recognise(golden::parse(tensors));
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::kUnsupported);
    EXPECT_NE(error.message().find("patch_embed.0.reparam_conv.weight"), std::string::npos);
  }
  EXPECT_THROW(recognise(golden::parse({{"fc.weight", {10, 10}}})), Error);
}

TEST(Recognition, NonFiniteWeightsAndNegativeVariancesAreNamed) {
  // One number stands for all weights of a tiny file: make it NaN, then negative.
  const auto load = [](uint32_t bits) -> Error {
    std::string bytes = golden::tiny_file(expected_tensors(*find_variant("mobileclip_s0")));
    bytes.replace(bytes.size() - 20, 4, golden::le(bits, 4));
    const std::string path = testing::TempDir() + "/tiny.pt";
    std::ofstream(path, std::ios::binary) << bytes;
    ThreadPool pool(2);
    try {
      Model::load(path, {}, pool);
    } catch (const Error& error) {
      return error;
    }
    return {ErrorCode::kInternal, "loaded"};
  };
  const Error not_finite = load(0x7fc00000);
  EXPECT_EQ(not_finite.code(), ErrorCode::kDamaged) << not_finite.message();
  EXPECT_NE(not_finite.message().find("must be finite"), std::string::npos);
  EXPECT_NE(not_finite.message().find("encoder."), std::string::npos);
  const Error negative = load(0xbf800000);
  EXPECT_EQ(negative.code(), ErrorCode::kDamaged) << negative.message();
  EXPECT_NE(negative.message().find("running_var"), std::string::npos);
}

}  // namespace
}  // namespace mobileclip
