// The small networks of our own: 64- and 48-pixel images (2 × 2 positions in the last stage), a
// context of 16, widths that are no powers of two, heads of another size. Nothing may assume the
// published ones.
#include "small.h"

#include <cstring>

#include "kernels/isa.h"

namespace mobileclip {
namespace {

constexpr size_t kItems = 7;

class Small : public testing::TestWithParam<const char*> {
 protected:
  ThreadPool pool_{2};
};

TEST_P(Small, IsRecognisedAndEncodesPicturesAndStrings) {
  const auto model = Model::load(golden::small_checkpoint(GetParam()), {}, pool_);
  const ModelConfig& config = model->config();
  EXPECT_EQ(config.name, GetParam());
  EXPECT_EQ(model->candidates(), std::vector<std::string>{GetParam()});
  EXPECT_EQ(model->preprocess().size, config.image_size);
  EXPECT_EQ(model->preprocess().interpolation, Interpolation::kBicubic);
  const auto dim = static_cast<size_t>(config.embed_dim);
  Session session(model, pool_);
  std::vector<float> out(2 * dim);
  const auto file = MappedFile::open(MOBILECLIP_EXAMPLES "/chelsea.png");
  const RgbImage crop = load_crop(file->bytes(), model->preprocess());
  EXPECT_EQ(crop.width, static_cast<size_t>(config.image_size));
  session.encode_crops({&crop, 1}, out.data());
  EXPECT_NO_THROW(normalize_rows(out.data(), 1, dim));
  std::string text;
  for (int i = 0; i < 30; ++i) text += "cat ";
  std::vector<bool> truncated;
  const std::vector<std::string> texts = {text, "a cat"};
  session.encode_texts(texts, out.data(), &truncated);
  EXPECT_EQ(truncated, (std::vector<bool>{true, false}));
  EXPECT_NO_THROW(normalize_rows(out.data(), 2, dim));
  EXPECT_LT(cosine(std::span(out).first(dim), std::span(out).last(dim)), 0.9999);
}

TEST_P(Small, RowsAreBitEqualForEveryBatchAndThreadCount) {
  const auto model = Model::load(golden::small_checkpoint(GetParam()), {}, pool_);
  const golden::Rows expected = golden::encode(model, kItems, pool_);
  const auto dim = static_cast<size_t>(model->config().embed_dim);
  const std::vector<float> pixels = golden::noise_images(kItems, model->config());
  const std::vector<int32_t> ids = golden::token_rows(kItems, model->config());
  const size_t per_image = pixels.size() / kItems;
  const size_t per_text = ids.size() / kItems;
  for (const int threads : {1, 3}) {
    ThreadPool pool(threads);
    Session session(model, pool);
    for (const size_t batch : {1, 2, 3}) {
      for (size_t first = 0; first + batch <= kItems; first += batch) {
        std::vector<float> out(batch * dim);
        const size_t bytes = out.size() * sizeof(float);
        session.encode_pixels_chw({&pixels[first * per_image], batch * per_image}, batch,
                                  out.data());
        EXPECT_EQ(std::memcmp(out.data(), &expected.images[first * dim], bytes), 0) << first;
        session.encode_tokens({&ids[first * per_text], batch * per_text}, batch, out.data());
        EXPECT_EQ(std::memcmp(out.data(), &expected.texts[first * dim], bytes), 0) << first;
      }
    }
  }
}

TEST_P(Small, InstructionSetsAgree) {
  const std::string original(kernels::isa_name());
  const auto unit_rows = [&](std::string_view isa) {
    kernels::force_isa(isa);
    const auto model = Model::load(golden::small_checkpoint(GetParam()), {}, pool_);
    golden::Rows rows = golden::encode(model, kItems, pool_);
    const auto dim = static_cast<size_t>(model->config().embed_dim);
    normalize_rows(rows.images.data(), kItems, dim);
    normalize_rows(rows.texts.data(), kItems, dim);
    return rows;
  };
  const golden::Rows expected = unit_rows("scalar");
  for (const std::string_view isa : kernels::available_isas()) {
    const golden::Rows rows = unit_rows(isa);
    for (size_t i = 0; i < rows.images.size(); ++i) {
      ASSERT_NEAR(rows.images[i], expected.images[i], 1e-5) << isa;
      ASSERT_NEAR(rows.texts[i], expected.texts[i], 1e-5) << isa;
    }
  }
  kernels::force_isa(original);
}

INSTANTIATE_TEST_SUITE_P(Variants, Small, testing::ValuesIn(golden::kSmall),
                         [](const auto& variant) { return std::string(variant.param); });

}  // namespace
}  // namespace mobileclip
