// A SigLIP through the C++ API and the C ABI: its bias, its sigmoids and its tokenizer.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <filesystem>
#include <fstream>

#include "mobileclip/mobileclip.h"
#include "mobileclip/mobileclip.hpp"
#include "siglip_files.h"

namespace {

using mobileclip::Embeddings;
using mobileclip::ErrorCode;
using testing::ElementsAreArray;
using testing::HasSubstr;

constexpr float kScale = 5, kBias = -10;  // exp(5) is beyond the 100 where a softmax is cut

/// Images point along (1, 0, 1, 0, …) and texts along (1, 1, …), whatever is in them: the cosine is
/// √½.
class SigLipApi : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    folder_ = new std::string(testing::TempDir() + "/siglip");
    std::filesystem::create_directories(*folder_ + "/alone");
    mobileclip::golden::write_siglip(weights(), {{"logit_scale", {kScale}},
                                                 {"logit_bias", {kBias}},
                                                 {"visual.trunk.attn_pool.mlp.fc2.bias", {1, 0}},
                                                 {"text.text_projection.bias", {1}}});
    std::filesystem::create_hard_link(weights(), *folder_ + "/alone/model.safetensors");
    std::ofstream(pieces(), std::ios::binary) << mobileclip::golden::siglip_pieces();
  }
  static void TearDownTestSuite() {
    std::filesystem::remove_all(*folder_);
    delete folder_;
  }
  static std::string weights() { return *folder_ + "/model.safetensors"; }
  static std::string pieces() { return *folder_ + "/spiece.model"; }
  static std::string without_pieces() { return *folder_ + "/alone/model.safetensors"; }
  static std::string* folder_;
};
std::string* SigLipApi::folder_ = nullptr;

/// "a cat" as ids: two pieces, then ends.
std::vector<int32_t> a_cat() {
  std::vector<int32_t> out(64, 1);
  out[0] = 3;
  out[1] = 4;
  return out;
}

template <typename Call>
ErrorCode code_of(const Call& call) {
  try {
    call();
  } catch (const mobileclip::Error& error) {
    EXPECT_THAT(error.message(), HasSubstr("SentencePiece"));
    return error.code();
  }
  return ErrorCode::kInternal;
}

TEST_F(SigLipApi, CppHasTheBiasTheSigmoidsAndTheTokenizer) {
  const auto model = mobileclip::create_model(weights());
  EXPECT_EQ(model.name(), "ViT-B-16-SigLIP");
  EXPECT_FLOAT_EQ(model.logit_scale(), std::exp(kScale));
  ASSERT_TRUE(model.logit_bias().has_value());
  EXPECT_EQ(*model.logit_bias(), kBias);
  EXPECT_FALSE(model.tokenizer().is_clip());
  EXPECT_EQ(model.tokenizer()("A cat!").ids, a_cat());
  EXPECT_EQ(mobileclip::get_tokenizer(weights())("A cat!").ids, a_cat());
  const std::vector<float> pixels(3 * 224 * 224, 0.5F);
  const Embeddings image = model.encode_image(std::span(pixels), true);
  const Embeddings texts = model.encode_text({"a cat", "dogs"}, true);
  const std::vector<double> p = model.probabilities(image[0], texts);
  const double expected = 1 / (1 + std::exp(-(std::exp(double{kScale}) * std::sqrt(0.5) + kBias)));
  ASSERT_EQ(p.size(), 2U);
  EXPECT_NEAR(p[0], expected, 1e-9);
  EXPECT_EQ(p[0], p[1]);
}

TEST_F(SigLipApi, WithoutPiecesStringsAreRefusedAndIdsWork) {
  const auto model = mobileclip::create_model(without_pieces());
  EXPECT_EQ(code_of([&] { model.encode_text("a cat"); }), ErrorCode::kNotFound);
  EXPECT_EQ(code_of([&] { model.tokenizer()("a cat"); }), ErrorCode::kNotFound);
  EXPECT_EQ(code_of([&] { mobileclip::get_tokenizer(without_pieces()); }), ErrorCode::kNotFound);
  EXPECT_EQ(code_of([&] { mobileclip::get_tokenizer("ViT-B-16-SigLIP"); }), ErrorCode::kNotFound);
  EXPECT_EQ(model.encode_text(std::span<const int32_t>(a_cat())).size(), 1U);
  EXPECT_EQ(mobileclip::get_tokenizer("ViT-B-16-SigLIP", pieces())("a cat").ids, a_cat());
  mobileclip::Options options;
  options.tokenizer = pieces();
  EXPECT_EQ(mobileclip::create_model(without_pieces(), options).tokenizer()("a cat").ids, a_cat());
}

TEST_F(SigLipApi, CHasTheBiasTheSigmoidsAndTheTokenizer) {
  const std::string file = without_pieces(), model_of_pieces = pieces();
  mobileclip_options options{};
  options.struct_size = sizeof options;
  options.tokenizer = model_of_pieces.c_str();
  mobileclip_model* model = nullptr;
  ASSERT_EQ(mobileclip_create_model(file.c_str(), &options, &model), MOBILECLIP_OK);
  float bias = 0;
  EXPECT_EQ(mobileclip_logit_bias(model, &bias), 1);
  EXPECT_EQ(bias, kBias);
  EXPECT_EQ(mobileclip_logit_bias(model, nullptr), 1);
  const char* texts[] = {"a cat"};
  std::vector<int32_t> ids(mobileclip_context_length(model));
  ASSERT_EQ(mobileclip_tokenize(model, texts, 1, ids.data(), ids.size(), nullptr), MOBILECLIP_OK);
  EXPECT_THAT(ids, ElementsAreArray(a_cat()));
  const size_t dim = mobileclip_embed_dim(model);
  std::vector<float> image(dim), label(dim);
  for (size_t i = 0; i < dim; i += 2) image[i] = 1;
  ASSERT_EQ(mobileclip_normalize(image.data(), 1, dim), MOBILECLIP_OK);
  ASSERT_EQ(mobileclip_encode_text(model, texts, 1, 1, label.data(), dim), MOBILECLIP_OK);
  double p = 0;
  ASSERT_EQ(mobileclip_probabilities(model, image.data(), 1, label.data(), 1, &p, 1),
            MOBILECLIP_OK);
  EXPECT_NEAR(p, 1 / (1 + std::exp(-(std::exp(double{kScale}) * std::sqrt(0.5) + kBias))), 1e-9);
  mobileclip_free_model(model);
  // A program that was built before `tokenizer` was there.
  options.struct_size = offsetof(mobileclip_options, tokenizer);
  ASSERT_EQ(mobileclip_create_model(file.c_str(), &options, &model), MOBILECLIP_OK);
  EXPECT_EQ(mobileclip_tokenize(model, texts, 1, ids.data(), ids.size(), nullptr),
            MOBILECLIP_NOT_FOUND);
  EXPECT_THAT(mobileclip_last_error(model), HasSubstr("SentencePiece"));
  mobileclip_free_model(model);
}

}  // namespace
