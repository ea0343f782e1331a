#include "image/preprocess.h"

#include <gtest/gtest.h>
#include <sys/resource.h>

#include <cmath>
#include <cstdlib>

#include "image/naive_resample.h"
#include "image/png_writer.h"
#include "image/test_support.h"

namespace mobileclip {
namespace {

using image_test::bytes_of;

RgbImage gradient(size_t width, size_t height) {
  RgbImage image{width, height, std::vector<uint8_t>(width * height * 3)};
  for (size_t i = 0; i < image.pixels.size(); ++i) {
    image.pixels[i] = static_cast<uint8_t>(i * 7 + i / 251);
  }
  return image;
}

struct Geometry {
  size_t width, height, resized_width, resized_height, left, top;
};

class GeometryTest : public testing::TestWithParam<Geometry> {};

TEST_P(GeometryTest, ShortEdgeIsResizedAndTheCentreCut) {
  const Geometry& g = GetParam();
  const RgbImage image = gradient(g.width, g.height);
  PreprocessConfig config;
  config.size = 16;
  const RgbImage crop = resize_and_crop(image, config);
  EXPECT_EQ(crop.width, 16u);
  EXPECT_EQ(crop.height, 16u);
  EXPECT_EQ(crop.pixels, naive_resize_and_crop(image, g.resized_width, g.resized_height,
                                               config.interpolation, {g.left, g.top, 16, 16})
                             .pixels);
}

// Differences 1 → 0, 3 → 2, 5 → 2, 7 → 4: halves go to the even neighbour.
INSTANTIATE_TEST_SUITE_P(
    All, GeometryTest,
    testing::Values(Geometry{16, 16, 16, 16, 0, 0}, Geometry{17, 16, 17, 16, 0, 0},
                    Geometry{19, 16, 19, 16, 2, 0}, Geometry{21, 16, 21, 16, 2, 0},
                    Geometry{16, 23, 16, 23, 0, 4}, Geometry{32, 63, 16, 31, 0, 8},
                    Geometry{100, 33, 48, 16, 16, 0}, Geometry{3, 5, 16, 26, 0, 5},
                    Geometry{1, 1, 16, 16, 0, 0}, Geometry{7, 1, 112, 16, 48, 0}));

TEST(PreprocessTest, FloatIsADivisionBy255ThenMeanThenStd) {
  RgbImage crop{16, 16, std::vector<uint8_t>(768)};
  for (size_t i = 0; i < 256; ++i) {
    for (size_t c = 0; c < 3; ++c) crop.pixels[3 * i + c] = static_cast<uint8_t>(i);
  }
  PreprocessConfig config;
  config.mean = {0.48145466f, 0.4578275f, 0.40821073f};
  config.std = {0.26862954f, 0.26130258f, 0.27577711f};
  std::vector<float> hwc(768);
  std::vector<float> chw(768);
  to_float_hwc(crop, config, hwc.data());
  to_float_chw(crop, config, chw.data());
  for (size_t i = 0; i < 256; ++i) {
    for (size_t c = 0; c < 3; ++c) {
      const float unit = static_cast<float>(i) / 255.0f;
      const float centred = unit - config.mean[c];
      EXPECT_EQ(hwc[3 * i + c], centred / config.std[c]);
      EXPECT_EQ(chw[256 * c + i], centred / config.std[c]);
    }
  }
  to_float_hwc(crop, PreprocessConfig{}, hwc.data());
  int unlike_product = 0;
  for (size_t i = 0; i < 256; ++i) {
    EXPECT_EQ(hwc[3 * i], static_cast<float>(i) / 255.0f);
    unlike_product += hwc[3 * i] != static_cast<float>(i) * (1.0f / 255.0f) ? 1 : 0;
  }
  EXPECT_EQ(unlike_product, 126);
}

TEST(PreprocessTest, RefusesAnEmptyImageAndSize) {
  PreprocessConfig config;
  EXPECT_THROW(resize_and_crop(RgbImage{}, config), Error);
  config.size = 0;
  EXPECT_THROW(resize_and_crop(gradient(2, 2), config), Error);
}

int64_t peak_kib() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return usage.ru_maxrss;
}

TEST(PreprocessTest, SkinnyImagesNeedLittleMemory) {
  const int64_t before = peak_kib();
  for (const auto kind : {Interpolation::kBilinear, Interpolation::kBicubic}) {
    PreprocessConfig config;
    config.interpolation = kind;
    const std::string tall = "P5 1 1048576 255\n" + std::string(1 << 20, 'x');
    const std::string wide = "P5 1048576 1 255\n" + std::string(1 << 20, 'x');
    const std::string png = encode_png(RgbImage{1, 60000, std::vector<uint8_t>(180000, 'x')});
    for (const std::string& file : {tall, wide, png}) {
      const RgbImage crop = load_crop(bytes_of(file), config);
      EXPECT_EQ(crop.pixels, std::vector<uint8_t>(256 * 256 * 3, 'x'));
    }
  }
  EXPECT_LT(peak_kib() - before, 100 * 1024);
}

TEST(PreprocessTest, EncodedPngDecodesToTheSamePixels) {
  for (const size_t width : {1u, 2u, 31u, 256u}) {
    const RgbImage image = gradient(width, 17);
    const DecodedImage back = decode_image(bytes_of(encode_png(image)));
    EXPECT_EQ(back.format, ImageFormat::kPng);
    EXPECT_EQ(back.image.pixels, image.pixels);
    EXPECT_TRUE(back.warnings.empty());
  }
}

/// Compares one row of a table (file, width, height, decoded, four crops) with what we make of it.
void expect_crops(const std::vector<std::string>& row, const std::string& file) {
  DecodeOptions options;
  options.apply_exif_orientation = false;
  const RgbImage image = decode_image(bytes_of(file), options).image;
  EXPECT_EQ(fmt::format("{} {}", image.width, image.height), row[1] + " " + row[2]) << row[0];
  EXPECT_EQ(image_test::fingerprint(image.pixels), row[3]) << row[0];
  size_t column = 4;
  for (const auto kind : {Interpolation::kBilinear, Interpolation::kBicubic}) {
    for (const int size : {256, 224}) {
      PreprocessConfig config;
      config.size = size;
      config.interpolation = kind;
      EXPECT_EQ(image_test::fingerprint(resize_and_crop(image, config).pixels), row[column++])
          << row[0] << " at " << size;
    }
  }
}

TEST(PreprocessTest, FixturesEqualPillow) {
  const auto rows = image_test::read_table(image_test::data_path("expected.tsv"));
  ASSERT_GT(rows.size(), 80u);
  for (const auto& row : rows) {
    ASSERT_EQ(row.size(), 8u) << row[0];
    expect_crops(row, image_test::fixture(row[0]));
  }
}

TEST(PreprocessTest, GoldenImagesEqualPillow) {
  const char* golden = std::getenv("MOBILECLIP_GOLDEN");
  if (golden == nullptr) GTEST_SKIP() << "MOBILECLIP_GOLDEN is not set";
  const auto rows = image_test::read_table(image_test::data_path("golden.tsv"));
  ASSERT_EQ(rows.size(), 37u);
  for (const auto& row : rows) {
    const std::string file =
        image_test::read_text(std::string(golden) + "/preprocess/images/" + row[0]);
    if (file.empty()) GTEST_SKIP() << row[0] << " is not there";
    expect_crops(row, file);
  }
}

}  // namespace
}  // namespace mobileclip
