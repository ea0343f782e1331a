// The C ABI with the embedded model.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmath>
#include <cstddef>
#include <cstring>
#include <string>
#include <thread>
#include <vector>

#include "mobileclip/mobileclip.h"
#include "mobileclip/mobileclip.hpp"

namespace {

using testing::HasSubstr;

const char* const kDog = MOBILECLIP_EXAMPLES "/openmoji-dog.png";
const char* const kPizza = MOBILECLIP_EXAMPLES "/openmoji-pizza.png";

class CApi : public testing::Test {
 protected:
  void SetUp() override {
    mobileclip_options options{};
    options.struct_size = sizeof options;
    options.threads = 2;
    ASSERT_EQ(mobileclip_create_model("mobileclip_nano", &options, &model_), MOBILECLIP_OK)
        << mobileclip_last_error(nullptr);
    dim_ = mobileclip_embed_dim(model_);
  }
  void TearDown() override { mobileclip_free_model(model_); }

  static mobileclip_image file(const char* path) {
    mobileclip_image image{};
    image.file = path;
    return image;
  }

  mobileclip_model* model_ = nullptr;
  size_t dim_ = 0;
};

TEST_F(CApi, GivesTheBitsOfTheCppApi) {
  const mobileclip::Model model = mobileclip::create_model("mobileclip_nano");
  EXPECT_STREQ(mobileclip_model_name(model_), "mobileclip_nano");
  EXPECT_EQ(dim_, static_cast<size_t>(model.embed_dim()));
  EXPECT_EQ(mobileclip_logit_scale(model_), model.logit_scale());
  std::vector<float> out(2 * dim_);
  const mobileclip_image images[] = {file(kDog), file(kPizza)};
  ASSERT_EQ(mobileclip_encode_image(model_, images, 2, 1, out.data(), out.size(), nullptr),
            MOBILECLIP_OK);
  EXPECT_EQ(out, model.encode_image(std::vector<mobileclip::Image>{kDog, kPizza}, true).values);
  const char* texts[] = {"a dog", "a pizza"};
  ASSERT_EQ(mobileclip_encode_text(model_, texts, 2, 0, out.data(), out.size()), MOBILECLIP_OK);
  EXPECT_EQ(out, model.encode_text({"a dog", "a pizza"}).values);
  ASSERT_EQ(mobileclip_normalize(out.data(), 2, dim_), MOBILECLIP_OK);
  EXPECT_EQ(out, model.encode_text({"a dog", "a pizza"}, true).values);
}

TEST_F(CApi, ProbabilitiesAreThoseOfTheCppApi) {
  const mobileclip::Model model = mobileclip::create_model("mobileclip_nano");
  const auto images = model.encode_image(std::vector<mobileclip::Image>{kDog, kPizza}, true);
  const auto labels = model.encode_text({"a dog", "a pizza", "a guitar"}, true);
  std::vector<double> out(6);
  const auto probabilities = [&](size_t room) {
    return mobileclip_probabilities(model_, images.values.data(), 2, labels.values.data(), 3,
                                    out.data(), room);
  };
  ASSERT_EQ(probabilities(6), MOBILECLIP_OK);
  auto expected = model.probabilities(images[0], labels);
  const auto second = model.probabilities(images[1], labels);
  EXPECT_EQ(expected, mobileclip::zero_shot_probabilities(images[0], labels, model.logit_scale()));
  expected.insert(expected.end(), second.begin(), second.end());
  EXPECT_EQ(out, expected);
  EXPECT_GT(out[0], 0.5);
  EXPECT_EQ(probabilities(5), MOBILECLIP_INVALID_ARGUMENT);
  EXPECT_EQ(mobileclip_probabilities(model_, nullptr, 1, labels.values.data(), 3, out.data(), 6),
            MOBILECLIP_INVALID_ARGUMENT);
  float bias = 7;
  EXPECT_EQ(mobileclip_logit_bias(model_, &bias), 0);
  EXPECT_EQ(mobileclip_logit_bias(nullptr, &bias), 0);
  EXPECT_EQ(bias, 7);
  EXPECT_FALSE(model.logit_bias().has_value());
}

TEST_F(CApi, PixelsAndIdsMeetImagesAndTexts) {
  std::vector<float> expected(dim_), out(dim_);
  const mobileclip_image image = file(kDog);
  const size_t side = mobileclip_image_size(model_);
  std::vector<float> pixels(3 * side * side);
  ASSERT_EQ(mobileclip_preprocess(model_, &image, pixels.data(), pixels.size()), MOBILECLIP_OK);
  mobileclip_encode_image(model_, &image, 1, 0, expected.data(), dim_, nullptr);
  ASSERT_EQ(mobileclip_encode_pixels(model_, pixels.data(), 1, 0, out.data(), dim_), MOBILECLIP_OK);
  EXPECT_EQ(out, expected);
  const char* text = "a dog";
  std::vector<int32_t> ids(mobileclip_context_length(model_));
  uint8_t truncated = 7;
  ASSERT_EQ(mobileclip_tokenize(model_, &text, 1, ids.data(), ids.size(), &truncated),
            MOBILECLIP_OK);
  EXPECT_EQ(truncated, 0);
  mobileclip_encode_text(model_, &text, 1, 0, expected.data(), dim_);
  ASSERT_EQ(mobileclip_encode_tokens(model_, ids.data(), 1, 0, out.data(), dim_), MOBILECLIP_OK);
  EXPECT_EQ(out, expected);
}

TEST_F(CApi, ABadImageHasItsOwnStatusAndSentence) {
  std::vector<float> out(3 * dim_), alone(dim_);
  const mobileclip_image images[] = {file(kDog), file("missing.png"), file(kPizza)};
  mobileclip_status statuses[3];
  EXPECT_EQ(mobileclip_encode_image(model_, images, 3, 1, out.data(), out.size(), statuses),
            MOBILECLIP_SOME_FAILED);
  EXPECT_EQ(statuses[0], MOBILECLIP_OK);
  EXPECT_EQ(statuses[1], MOBILECLIP_NOT_FOUND);
  EXPECT_EQ(statuses[2], MOBILECLIP_OK);
  EXPECT_THAT(mobileclip_item_error(model_, 1), HasSubstr("missing.png"));
  EXPECT_STREQ(mobileclip_item_error(model_, 0), "");
  EXPECT_STREQ(mobileclip_item_error(model_, 3), "");
  EXPECT_THAT(mobileclip_last_error(model_), HasSubstr("1 of 3 images failed"));
  EXPECT_TRUE(std::isnan(out[dim_]));
  ASSERT_EQ(mobileclip_encode_image(model_, &images[2], 1, 1, alone.data(), dim_, nullptr),
            MOBILECLIP_OK);
  EXPECT_EQ(std::memcmp(alone.data(), &out[2 * dim_], dim_ * sizeof(float)), 0);
  EXPECT_STREQ(mobileclip_item_error(model_, 1), "") << "the last batch had no failure";
  mobileclip_encode_image(model_, images, 3, 1, out.data(), out.size(), nullptr);
  EXPECT_EQ(mobileclip_encode_image(model_, images, 3, 1, out.data(), 1, nullptr),
            MOBILECLIP_INVALID_ARGUMENT);
  EXPECT_STREQ(mobileclip_item_error(model_, 1), "") << "the last batch failed as a whole";
  EXPECT_EQ(mobileclip_encode_image(model_, &images[1], 1, 1, alone.data(), dim_, nullptr),
            MOBILECLIP_NOT_FOUND);
}

TEST_F(CApi, BadCallsAreStatuses) {
  std::vector<float> out(dim_);
  const mobileclip_image image = file(kDog), none{};
  mobileclip_image two = image;
  two.rgb = reinterpret_cast<const uint8_t*>("abc");
  const auto encode = [&](const mobileclip_model* model, const mobileclip_image* images, size_t n,
                          float* to, size_t room) {
    return mobileclip_encode_image(model, images, n, 0, to, room, nullptr);
  };
  EXPECT_EQ(encode(nullptr, &image, 1, out.data(), dim_), MOBILECLIP_INVALID_ARGUMENT);
  EXPECT_THAT(mobileclip_last_error(nullptr), HasSubstr("model is NULL"));
  EXPECT_EQ(encode(model_, nullptr, 1, out.data(), dim_), MOBILECLIP_INVALID_ARGUMENT);
  EXPECT_EQ(encode(model_, &image, 1, nullptr, dim_), MOBILECLIP_INVALID_ARGUMENT);
  EXPECT_EQ(encode(model_, &image, 1, out.data(), dim_ - 1), MOBILECLIP_INVALID_ARGUMENT);
  EXPECT_THAT(mobileclip_last_error(model_), HasSubstr("the buffer has"));
  EXPECT_EQ(encode(model_, &image, SIZE_MAX / 2, out.data(), SIZE_MAX), MOBILECLIP_TOO_LARGE);
  // Room for so many rows there could be, for so many pixels not.
  const size_t side = mobileclip_image_size(model_), many = SIZE_MAX / (3 * side * side) + 1;
  EXPECT_EQ(mobileclip_encode_pixels(model_, out.data(), many, 0, out.data(), SIZE_MAX),
            MOBILECLIP_TOO_LARGE);
  EXPECT_EQ(encode(model_, &none, 1, out.data(), dim_), MOBILECLIP_INVALID_ARGUMENT);
  EXPECT_EQ(encode(model_, &two, 1, out.data(), dim_), MOBILECLIP_INVALID_ARGUMENT);
  EXPECT_THAT(mobileclip_last_error(model_), HasSubstr("exactly one"));
  EXPECT_EQ(encode(model_, nullptr, 0, nullptr, 0), MOBILECLIP_OK);
  const char* texts[] = {"a dog", nullptr};
  std::vector<float> rows(2 * dim_);
  EXPECT_EQ(mobileclip_encode_text(model_, texts, 2, 0, rows.data(), rows.size()),
            MOBILECLIP_INVALID_ARGUMENT);
  EXPECT_THAT(mobileclip_last_error(model_), HasSubstr("text 1 is NULL"));
  const std::vector<int32_t> ids(mobileclip_context_length(model_), -1);
  EXPECT_EQ(mobileclip_encode_tokens(model_, ids.data(), 1, 0, out.data(), dim_),
            MOBILECLIP_INVALID_ARGUMENT);
  std::vector<float> zero(4);
  EXPECT_EQ(mobileclip_normalize(zero.data(), 2, 2), MOBILECLIP_NON_FINITE);
  EXPECT_EQ(mobileclip_embed_dim(nullptr), 0U);
  EXPECT_STREQ(mobileclip_model_name(nullptr), "");
  EXPECT_STREQ(mobileclip_status_name(MOBILECLIP_NOT_FOUND), "not_found");
  EXPECT_STREQ(mobileclip_status_name(static_cast<mobileclip_status>(99)), "unknown");
}

TEST_F(CApi, CreationFailsWithASentence) {
  mobileclip_model* model = model_;
  EXPECT_EQ(mobileclip_create_model("nosuch", nullptr, &model), MOBILECLIP_NOT_FOUND);
  EXPECT_EQ(model, nullptr);
  EXPECT_THAT(mobileclip_last_error(nullptr), HasSubstr("nosuch"));
  EXPECT_EQ(mobileclip_create_model("mobileclip_nano", nullptr, nullptr),
            MOBILECLIP_INVALID_ARGUMENT);
  mobileclip_options options{};
  EXPECT_EQ(mobileclip_create_model("mobileclip_nano", &options, &model),
            MOBILECLIP_INVALID_ARGUMENT);
  EXPECT_THAT(mobileclip_last_error(nullptr), HasSubstr("struct_size"));
  mobileclip_free_model(nullptr);
}

// Where the processor has AMX near what float32 gives, elsewhere refused.
TEST_F(CApi, PrecisionIsAskedFor) {
  mobileclip_options options{};
  options.struct_size = sizeof options;
  mobileclip_model* model = nullptr;
  options.precision = "int8";
  EXPECT_EQ(mobileclip_create_model("", &options, &model), MOBILECLIP_INVALID_ARGUMENT);
  EXPECT_THAT(mobileclip_last_error(nullptr), HasSubstr("f32 or bf16"));
  // Of a program that was built before the field was there, it is not read.
  options.struct_size = offsetof(mobileclip_options, precision);
  ASSERT_EQ(mobileclip_create_model("", &options, &model), MOBILECLIP_OK);
  mobileclip_free_model(model);
  options.struct_size = sizeof options;
  options.precision = "bf16";
  const mobileclip_status status = mobileclip_create_model("", &options, &model);
  if (status == MOBILECLIP_UNSUPPORTED) {
    EXPECT_THAT(mobileclip_last_error(nullptr), HasSubstr("needs a processor with AMX"));
    return;
  }
  ASSERT_EQ(status, MOBILECLIP_OK);
  const mobileclip_image image = file(kDog);
  std::vector<float> exact(dim_), rounded(dim_);
  EXPECT_EQ(mobileclip_encode_image(model_, &image, 1, 1, exact.data(), dim_, nullptr),
            MOBILECLIP_OK);
  EXPECT_EQ(mobileclip_encode_image(model, &image, 1, 1, rounded.data(), dim_, nullptr),
            MOBILECLIP_OK);
  mobileclip_free_model(model);
  double cosine = 0;
  for (size_t i = 0; i < dim_; ++i) cosine += double{exact[i]} * double{rounded[i]};
  EXPECT_GT(cosine, 0.9995);
  EXPECT_NE(exact, rounded);
}

TEST_F(CApi, AForkedChildIsToldToLoadItsOwn) {
  std::vector<float> out(dim_);
  const mobileclip_image image = file(kDog);
  const auto encode = [&](const mobileclip_model* model) {
    return mobileclip_encode_image(model, &image, 1, 1, out.data(), dim_, nullptr);
  };
  const pid_t child = ::fork();
  if (child == 0) {
    ::alarm(60);
    if (encode(model_) != MOBILECLIP_INVALID_ARGUMENT) ::_exit(1);
    if (std::strstr(mobileclip_last_error(model_), "forked") == nullptr) ::_exit(2);
    mobileclip_free_model(model_);
    mobileclip_model* own = nullptr;
    if (mobileclip_create_model("mobileclip_nano", nullptr, &own) != MOBILECLIP_OK) ::_exit(3);
    const int status = encode(own);
    mobileclip_free_model(own);
    ::_exit(status == MOBILECLIP_OK ? 0 : 4);
  }
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  EXPECT_TRUE(WIFEXITED(status)) << "it waited for threads that are not there";
  EXPECT_EQ(WEXITSTATUS(status), 0);
  EXPECT_EQ(encode(model_), MOBILECLIP_OK);
}

TEST_F(CApi, AThreadBeginsWithoutTheErrorsOfAnother) {
  // Threads one after the other get the same id.
  for (int turn = 0; turn < 2; ++turn) {
    std::string before;
    std::thread([&] {
      before = mobileclip_last_error(model_);
      mobileclip_encode_text(model_, nullptr, 1, 0, nullptr, 0);
    }).join();
    EXPECT_EQ(before, "");
  }
}

TEST_F(CApi, SharedModelKeepsEachThreadsError) {
  std::vector<std::thread> threads;
  std::vector<std::string> sentences(4);
  for (size_t i = 0; i < sentences.size(); ++i) {
    threads.emplace_back([&, i] {
      const std::string name = "missing" + std::to_string(i) + ".png";
      const mobileclip_image image = file(name.c_str());
      std::vector<float> out(dim_);
      for (int turn = 0; turn < 20; ++turn) {
        mobileclip_encode_image(model_, &image, 1, 1, out.data(), dim_, nullptr);
      }
      sentences[i] = mobileclip_last_error(model_);
    });
  }
  for (std::thread& thread : threads) thread.join();
  for (size_t i = 0; i < sentences.size(); ++i) {
    EXPECT_THAT(sentences[i], HasSubstr("missing" + std::to_string(i) + ".png"));
  }
  EXPECT_STREQ(mobileclip_last_error(model_), "");
}

}  // namespace
