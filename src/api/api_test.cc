// The public C++ API with the embedded model, as its users see it.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <cmath>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <functional>
#include <iterator>
#include <thread>

#include "base/test_support.h"
#include "kernels/isa.h"
#include "mobileclip/mobileclip.hpp"

namespace mobileclip {
namespace {

using testing::HasSubstr;

const std::string kDog = MOBILECLIP_EXAMPLES "/openmoji-dog.png";
const std::string kPizza = MOBILECLIP_EXAMPLES "/openmoji-pizza.png";
const std::string kRocket = MOBILECLIP_EXAMPLES "/openmoji-rocket.png";

/// Loaded once, two threads.
const Model& nano() {
  static const Model model = create_model("mobileclip_nano", {.threads = 2});
  return model;
}

std::string bytes_of(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

/// Bit for bit.
testing::AssertionResult same(std::span<const float> a, std::span<const float> b) {
  if (a.size() != b.size()) return testing::AssertionFailure() << a.size() << " and " << b.size();
  if (std::memcmp(a.data(), b.data(), a.size_bytes()) == 0) return testing::AssertionSuccess();
  return testing::AssertionFailure() << "the bits differ";
}

template <typename F>
void expect_error(ErrorCode code, const std::string& sentence, const F& call) {
  try {
    call();
    ADD_FAILURE() << "no error, expected: " << sentence;
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), code) << error.what();
    EXPECT_THAT(error.message(), HasSubstr(sentence));
  }
}

bool refused(const std::function<void()>& call, const std::string& part) {
  try {
    call();
  } catch (const Error& error) {
    return error.code() == ErrorCode::kInvalidArgument &&
           error.message().find(part) != std::string::npos;
  }
  return false;
}

// Stands first: the instruction set is chosen once for the process.
TEST(Api, TakesTheInstructionSetOfTheEnvironment) {
  ::setenv("MOBILECLIP_ISA", "mmx", 1);
  for (int turn = 0; turn < 2; ++turn) {
    EXPECT_TRUE(refused([] { create_model(); }, "$MOBILECLIP_ISA")) << turn;
  }
  ::setenv("MOBILECLIP_ISA", "scalar", 1);
  EXPECT_EQ(in_a_child<60>([] {
              create_model("mobileclip_nano", {.threads = 1});
              return kernels::isa_name() == "scalar" ? 0 : 1;
            }),
            0);
  ::unsetenv("MOBILECLIP_ISA");
}

TEST(Api, AForkedChildIsToldToLoadItsOwn) {
  const Model single = create_model("mobileclip_nano", {.threads = 1});
  const Embeddings expected = nano().encode_image(kDog);
  EXPECT_EQ(in_a_child<60>([&] {
              const std::vector<int32_t> ids(static_cast<size_t>(nano().context_length()));
              if (!refused([] { nano().encode_image(kDog); }, "forked")) return 1;
              if (!refused([&] { nano().encode_text(ids); }, "forked")) return 2;
              if (nano().name() != "mobileclip_nano") return 3;
              if (single.encode_image(kDog).values != expected.values) return 4;
              const Model own = create_model("mobileclip_nano", {.threads = 2});
              return own.encode_image(kDog).values == expected.values ? 0 : 5;
            }),
            0);
  EXPECT_EQ(nano().encode_image(kDog).values, expected.values);
}

TEST(Api, ClassifiesAsInOpenClip) {
  const auto [model, preprocess] = create_model_and_transforms("mobileclip_nano");
  const auto tokenizer = get_tokenizer("mobileclip_nano");
  const Embeddings image = model.encode_image(preprocess(kPizza), true);
  const Embeddings texts = model.encode_text(tokenizer({"a dog", "a pizza", "a guitar"}), true);
  ASSERT_EQ(image.size(), 1U);
  ASSERT_EQ(texts.size(), 3U);
  EXPECT_EQ(image.dim, static_cast<size_t>(model.embed_dim()));
  const auto p = zero_shot_probabilities(image[0], texts, model.logit_scale());
  ASSERT_EQ(p.size(), 3U);
  EXPECT_GT(p[1], p[0] + p[2]);
  EXPECT_NEAR(p[0] + p[1] + p[2], 1, 1e-12);
}

TEST(Api, TellsWhatTheModelIs) {
  EXPECT_EQ(nano().name(), "mobileclip_nano");
  EXPECT_EQ(nano().preprocess().image_size(), nano().image_size());
  EXPECT_EQ(nano().tokenizer().context_length(), nano().context_length());
  EXPECT_GT(nano().logit_scale(), 1);
  EXPECT_LE(nano().logit_scale(), 100);
  EXPECT_EQ(get_tokenizer("mobileclip_s0").context_length(), 77);
  EXPECT_THAT(list_models(), testing::IsSupersetOf({"mobileclip_s0", "mobileclip_nano"}));
}

TEST(Api, FileBytesAndPixelsGiveTheSameBits) {
  const std::string bytes = bytes_of(kDog);
  const Embeddings file = nano().encode_image(kDog);
  EXPECT_TRUE(same(file.values, nano().encode_image(Image::open(kDog)).values));
  EXPECT_TRUE(
      same(file.values, nano().encode_image(Image::from_bytes(bytes.data(), bytes.size())).values));
  const Pixels pixels = nano().preprocess()(kDog);
  EXPECT_EQ(pixels.size(), 1U);
  EXPECT_TRUE(same(file.values, nano().encode_image(pixels).values));
  EXPECT_FALSE(same(file.values, nano().encode_image(kPizza).values));
}

TEST(Api, StrideIsFollowed) {
  const size_t width = 70, height = 50, stride = 3 * width + 13;
  std::vector<uint8_t> tight(3 * width * height), loose(stride * height, 255);
  for (size_t i = 0; i < tight.size(); ++i) tight[i] = static_cast<uint8_t>(i * 37 % 251);
  for (size_t y = 0; y < height; ++y) {
    std::memcpy(&loose[y * stride], &tight[y * 3 * width], 3 * width);
  }
  EXPECT_TRUE(
      same(nano().encode_image(Image::from_pixels(tight.data(), width, height)).values,
           nano().encode_image(Image::from_pixels(loose.data(), width, height, stride)).values));
}

TEST(Api, StringsAndIdsGiveTheSameBitsAloneAndInABatch) {
  const std::vector<std::string> texts = {"a dog", "", "ein Bär 🐻", "\xff\xfe", "a cat"};
  const Embeddings all = nano().encode_text(texts);
  ASSERT_EQ(all.size(), texts.size());
  EXPECT_TRUE(same(all.values, nano().encode_text(nano().tokenizer()(texts)).values));
  for (size_t i = 0; i < texts.size(); ++i) {
    EXPECT_TRUE(same(all[i], nano().encode_text(texts[i]).values)) << i;
  }
  EXPECT_EQ(nano().encode_text(std::vector<std::string>{}).size(), 0U);
}

TEST(Api, TokensAreOpenClips) {
  const Tokens tokens = get_tokenizer("mobileclip_s0")("a photo of a cat");
  ASSERT_EQ(tokens.ids.size(), 77U);
  const std::vector<int32_t> head(tokens.ids.begin(), tokens.ids.begin() + 8);
  EXPECT_EQ(head, (std::vector<int32_t>{49406, 320, 1125, 539, 320, 2368, 49407, 0}));
  EXPECT_FALSE(tokens.truncated[0]);
  EXPECT_TRUE(Tokenizer(4)("a photo of a cat").truncated[0]);
}

TEST(Api, ABadImageDoesNotFailItsNeighbours) {
  std::vector<Image> images = {kDog, "/no/such.png", Image::from_bytes("no image", 8), kPizza,
                               Image::from_pixels(nullptr, 3, 3)};
  for (int i = 0; i < 20; ++i) images.emplace_back(i % 2 == 0 ? kDog : "missing");
  images.emplace_back(kRocket);
  const Embeddings out = nano().encode_image(images, true);
  ASSERT_EQ(out.size(), images.size());
  EXPECT_TRUE(same(out[0], nano().encode_image(kDog, true).values));
  EXPECT_TRUE(same(out[3], nano().encode_image(kPizza, true).values));
  EXPECT_TRUE(same(out[25], nano().encode_image(kRocket, true).values));
  EXPECT_TRUE(same(out[23], out[0]));
  ASSERT_FALSE(out.ok(1));
  EXPECT_EQ(out.errors[1]->code(), ErrorCode::kNotFound);
  EXPECT_THAT(out.errors[1]->message(), HasSubstr("/no/such.png"));
  EXPECT_EQ(out.errors[2]->code(), ErrorCode::kDecode);
  EXPECT_EQ(out.errors[4]->code(), ErrorCode::kInvalidArgument);
  EXPECT_TRUE(std::isnan(out.values[out.dim]));
  EXPECT_THROW(out[1], Error);
}

TEST(Api, NormalizeGivesUnitRowsAndKeepsFailures) {
  Embeddings out = nano().encode_image(std::vector<Image>{kDog, "missing", kPizza});
  EXPECT_GT(std::abs(dot(out[0], out[0]) - 1), 1e-3);
  normalize(out);
  EXPECT_NEAR(dot(out[0], out[0]), 1, 1e-6);
  EXPECT_TRUE(same(out[2], nano().encode_image(kPizza, true).values));
  EXPECT_EQ(out.errors[1]->code(), ErrorCode::kNotFound);
  Embeddings zero{2, {0, 0, 3, 4}, {}};
  normalize(zero);
  EXPECT_EQ(zero.errors[0]->code(), ErrorCode::kNonFinite);
  EXPECT_FLOAT_EQ(zero[1][1], 0.8F);
}

TEST(Api, BadCallsEndInASentence) {
  using enum ErrorCode;
  expect_error(kNotFound, "no model nosuch", [] { create_model("nosuch"); });
  expect_error(kNotFound, "cannot open", [] { create_model("./nosuch.pt"); });
  expect_error(kNotCheckpoint, "", [] { create_model(kDog); });
  expect_error(kInvalidArgument, "threads", [] { create_model("", {.threads = 257}); });
  expect_error(kInvalidArgument, "threads", [] { create_model("", {.threads = -1}); });
  expect_error(kInvalidArgument, "batch", [] { create_model("", {.batch = 0}); });
  expect_error(kInvalidArgument, "f32 or bf16", [] { create_model("", {.precision = "int8"}); });
  expect_error(kInvalidArgument, "", [] { create_model("mobileclip_nano", {.arch = "clip"}); });
  expect_error(kNotFound, "cannot open", [] { nano().encode_image("missing.png"); });
  const std::string text = MOBILECLIP_EXAMPLES "/../README.md";
  expect_error(kDecode, "README.md", [&] { nano().encode_image(text); });
  const std::vector<float> pixels(7);
  expect_error(kInvalidArgument, "7 values", [&] { nano().encode_image(pixels); });
  std::vector<int32_t> ids(static_cast<size_t>(nano().context_length()) + 1);
  expect_error(kInvalidArgument, "token ids", [&] { nano().encode_text(ids); });
  ids.pop_back();
  ids[3] = 49408;
  expect_error(kInvalidArgument, "49408", [&] { nano().encode_text(ids); });
  const uint8_t dot_pixel[3] = {1, 2, 3};
  expect_error(kInvalidArgument, "stride",
               [&] { nano().encode_image(Image::from_pixels(dot_pixel, 2, 1, 3)); });
  expect_error(kTooLarge, "more than",
               [&] { nano().encode_image(Image::from_pixels(dot_pixel, SIZE_MAX, 2)); });
  expect_error(kInvalidArgument, "context", [] { Tokenizer(1); });
  const Embeddings wide{3, {1, 2, 3}, {}};
  const std::vector<float> narrow(2);
  expect_error(kInvalidArgument, "2 and of 3", [&] { zero_shot_probabilities(narrow, wide); });
}

/// What one thread of the test below computes.
std::vector<float> work(const Model& model) {
  std::vector<float> out =
      model.encode_image(std::vector<Image>{kDog, "missing", kPizza}, true).values;
  const std::vector<float> texts = model.encode_text({"a dog", "a pizza"}, true).values;
  const std::vector<float> pixels = model.encode_image(model.preprocess()(kRocket)).values;
  out.insert(out.end(), texts.begin(), texts.end());
  out.insert(out.end(), pixels.begin(), pixels.end());
  for (float& value : out) value = std::isnan(value) ? 7 : value;
  return out;
}

TEST(SharedModel, ThreadsGetTheBitsTheyWouldGetAlone) {
  for (const int threads : {1, 2}) {
    const Model model = create_model("mobileclip_nano", {.threads = threads, .batch = 2});
    const std::vector<float> expected = work(model);
    std::vector<std::vector<float>> found(6);
    std::vector<std::thread> callers;
    for (size_t i = 0; i < found.size(); ++i) {
      callers.emplace_back([&model, &found, i] {
        const Model copy = model;
        found[i] = work(i % 2 == 0 ? model : copy);
      });
    }
    for (std::thread& caller : callers) caller.join();
    for (const std::vector<float>& row : found) EXPECT_TRUE(same(row, expected)) << threads;
  }
}

}  // namespace
}  // namespace mobileclip
