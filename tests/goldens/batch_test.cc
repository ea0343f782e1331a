// Rows are bit-equal for every batch size, position, thread count; and close on every instruction
// set.
#include <gtest/gtest.h>

#include <cmath>
#include <cstring>

#include "engine/session.h"
#include "golden.h"
#include "kernels/isa.h"

namespace mobileclip {
namespace {

constexpr size_t kItems = 16;

std::vector<float> images(const ModelConfig& config) {
  std::vector<float> out;
  for (size_t k = 0; k < kItems; ++k) {
    const std::vector<float> image = golden::noise_image(static_cast<int>(k), config);
    out.insert(out.end(), image.begin(), image.end());
  }
  return out;
}

std::vector<int32_t> texts(const ModelConfig& config) {
  const auto context = static_cast<size_t>(config.text.context);
  std::vector<int32_t> out;
  for (size_t k = 0; k < kItems; ++k) {
    std::vector<int32_t> row(context, 0);
    const size_t words = 1 + k * 5;
    row[0] = 49406;
    for (size_t i = 1; i <= words && i + 1 < context; ++i) {
      row[i] = static_cast<int32_t>((i * 7919 + k * 104729) % 49000);
    }
    row[std::min(words + 1, context - 1)] = 49407;
    out.insert(out.end(), row.begin(), row.end());
  }
  return out;
}

class Batches : public testing::TestWithParam<const char*> {};

TEST_P(Batches, RowsAreBitEqualForEverySizePositionAndThreadCount) {
  ThreadPool loader(2);
  const auto model = Model::load(golden::checkpoint_path(GetParam()), {}, loader);
  const auto dim = static_cast<size_t>(model->config().embed_dim);
  const std::vector<float> pixels = images(model->config());
  const std::vector<int32_t> ids = texts(model->config());
  const size_t per_image = pixels.size() / kItems;
  const size_t per_text = ids.size() / kItems;
  std::vector<float> image_rows(kItems * dim);
  std::vector<float> text_rows(kItems * dim);
  {
    Session alone(model, loader);
    for (size_t i = 0; i < kItems; ++i) {
      alone.encode_pixels_chw({pixels.data() + i * per_image, per_image}, 1, &image_rows[i * dim]);
      alone.encode_tokens({ids.data() + i * per_text, per_text}, 1, &text_rows[i * dim]);
    }
  }
  for (const int threads : {1, 2, 4}) {
    ThreadPool pool(threads);
    Session session(model, pool);
    for (const size_t batch : {size_t{2}, size_t{3}, size_t{7}, kItems}) {
      for (size_t first = 0; first + batch <= kItems; first += batch) {
        std::vector<float> out(batch * dim);
        session.encode_pixels_chw({pixels.data() + first * per_image, batch * per_image}, batch,
                                  out.data());
        EXPECT_EQ(std::memcmp(out.data(), &image_rows[first * dim], out.size() * sizeof(float)), 0)
            << "images, batch " << batch << " from " << first << ", " << threads << " threads";
        session.encode_tokens({ids.data() + first * per_text, batch * per_text}, batch, out.data());
        EXPECT_EQ(std::memcmp(out.data(), &text_rows[first * dim], out.size() * sizeof(float)), 0)
            << "texts, batch " << batch << " from " << first << ", " << threads << " threads";
      }
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Variants, Batches, testing::Values("mobileclip_s0", "mobileclip_b"),
                         [](const auto& variant) { return std::string(variant.param); });

TEST(InstructionSets, AllMeetTheGoldens) {
  const nlohmann::json expected = golden::load("mobileclip_s0");
  const std::string original(kernels::isa_name());
  std::vector<std::vector<float>> unit;
  for (const std::string_view isa : kernels::available_isas()) {
    kernels::force_isa(isa);
    ThreadPool pool(2);
    const auto model = Model::load(golden::checkpoint_path("mobileclip_s0"), {}, pool);
    Session session(model, pool);
    std::vector<float> image(static_cast<size_t>(model->config().embed_dim));
    std::vector<float> text(image.size());
    session.encode_pixels_chw(golden::noise_image(0, model->config()), 1, image.data());
    const auto& cat = expected["texts"]["a_photo_of_a_cat"];
    session.encode_tokens(golden::token_row(cat, model->config()), 1, text.data());
    EXPECT_LE(
        golden::relative_error(
            image.data(), expected["images"]["noise_0"]["embedding"].get<std::vector<double>>()),
        2e-6)
        << isa;
    EXPECT_LE(golden::relative_error(text.data(), cat.at("embedding").get<std::vector<double>>()),
              2e-6)
        << isa;
    normalize_rows(image.data(), 1, image.size());
    unit.push_back(image);
  }
  kernels::force_isa(original);
  for (const std::vector<float>& row : unit) {
    EXPECT_GE(cosine(row, unit.front()), 1 - 1e-6);
    for (size_t i = 0; i < row.size(); ++i) EXPECT_NEAR(row[i], unit.front()[i], 1e-5);
  }
}

}  // namespace
}  // namespace mobileclip
