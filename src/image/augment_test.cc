#include "image/augment.h"

#include <gtest/gtest.h>
#include <openssl/evp.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdlib>
#include <fstream>
#include <limits>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "image/decode.h"
#include "image/test_support.h"

namespace mobileclip {
namespace {

using nlohmann::json;

std::string sha256(const RgbImage& image) {
  std::array<unsigned char, 32> digest{};
  EVP_Digest(image.pixels.data(), image.pixels.size(), digest.data(), nullptr, EVP_sha256(),
             nullptr);
  std::string out;
  for (const unsigned char byte : digest) out += fmt::format("{:02x}", byte);
  return out;
}

RgbImage read_image(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  EXPECT_TRUE(file) << path;
  const std::string bytes((std::istreambuf_iterator<char>(file)), {});
  return decode_image(std::as_bytes(std::span(bytes)), {.apply_exif_orientation = false}).image;
}

TEST(Augment, EveryOperationEqualsPillow) {
  const std::string folder = MOBILECLIP_TEST_DATA "/augment/";
  std::ifstream file(folder + "ops.json");
  const json cases = json::parse(file);
  ASSERT_EQ(cases.size(), 230U);
  std::map<std::string, RgbImage> images;
  for (const json& one : cases) {
    const std::string name = one["image"];
    if (!images.contains(name)) images[name] = read_image(folder + name);
    const RandOp op{one["op"], one["magnitude"]};
    EXPECT_EQ(sha256(apply_op(images[name], op)), one["sha256_hwc_u8"])
        << name << " " << one["name"] << " " << op.magnitude;
  }
}

Augmentation parse(const json& entry) {
  Augmentation out;
  out.crop = CropBox{entry[0][0], entry[0][1], entry[0][2], entry[0][3]};
  for (const json& op : entry[1]) out.ops.push_back({op[0], op[1]});
  return out;
}

void expect_replays(const std::string& list, const std::string& folder, size_t count) {
  std::ifstream file(list);
  std::map<std::string, RgbImage> images;
  size_t seen = 0;
  for (std::string line; std::getline(file, line); ++seen) {
    const json one = json::parse(line);
    const std::string name = one["file"];
    if (!images.contains(name)) images[name] = read_image(folder + name);
    for (const int size : {224, 256}) {
      EXPECT_EQ(sha256(replay(images[name], parse(one["param_aug"]), size)),
                one[fmt::format("sha256_{}", size)])
          << line << " " << size;
    }
  }
  EXPECT_EQ(seen, count);
}

TEST(Augment, ReplayEqualsPillowAndTorchvision) {
  const std::string folder = MOBILECLIP_TEST_DATA "/augment/";
  expect_replays(folder + "replay.jsonl", folder, 12);
}

TEST(Augment, AllGoldenReplaysEqualPillowAndTorchvision) {
  const char* golden = std::getenv("MOBILECLIP_GOLDEN");
  if (golden == nullptr) GTEST_SKIP() << "MOBILECLIP_GOLDEN is not set";
  expect_replays(std::string(golden) + "/training/replay.jsonl",
                 std::string(golden) + "/preprocess/images/", 210);
}

TEST(Augment, RefusesBoxesOutsideTheImageAndUnknownOperations) {
  const RgbImage image{4, 3, std::vector<uint8_t>(36)};
  const int big = std::numeric_limits<int>::max();
  for (const CropBox box : {CropBox{0, 0, 4, 4}, CropBox{0, 0, 3, 5}, CropBox{-1, 0, 2, 2},
                            CropBox{0, 0, 0, 2}, CropBox{1, 1, big, big}, CropBox{big, 0, 1, 1}}) {
    EXPECT_THROW(replay(image, {box, {}}, 8), Error);
  }
  EXPECT_NO_THROW(replay(image, {CropBox{0, 0, 3, 4}, {}}, 8));
  EXPECT_THROW(apply_op(image, {14, 0}), Error);
  EXPECT_THROW(apply_op(image, {-1, 0}), Error);
  EXPECT_THROW(apply_op(image, {kRotate, std::numeric_limits<float>::quiet_NaN()}), Error);
}

TEST(Augment, SampledBoxesLieInsideAndFallBackForExtremeShapes) {
  size_t fallbacks = 0;
  for (const auto& [width, height] : std::vector<std::pair<size_t, size_t>>{
           {1, 1}, {1, 500}, {500, 1}, {2, 3}, {224, 224}, {640, 480}, {31, 1000}}) {
    for (uint64_t uid = 0; uid < 300; ++uid) {
      CounterRng rng(7, 0, uid, 0);
      const CropBox box = *sample_augmentation(width, height, {}, rng).crop;
      ASSERT_GE(box.top, 0);
      ASSERT_GE(box.left, 0);
      ASSERT_GT(box.height, 0);
      ASSERT_GT(box.width, 0);
      ASSERT_LE(static_cast<size_t>(box.top + box.height), height);
      ASSERT_LE(static_cast<size_t>(box.left + box.width), width);
      if (width == 31 && box.width == 31 && box.height == 41) ++fallbacks;
    }
  }
  EXPECT_GT(fallbacks, 100U);
}

TEST(Augment, MagnitudesAreThePublishedOnes) {
  const std::array<float, kRandOps> expected = {0,
                                                0.09000000357627869F,
                                                0.09000000357627869F,
                                                30.45317268371582F,
                                                30.45317268371582F,
                                                9.0F,
                                                0.26999998092651367F,
                                                0.26999998092651367F,
                                                0.26999998092651367F,
                                                0.26999998092651367F,
                                                7.0F,
                                                178.5F,
                                                0,
                                                0};
  for (int op = 0; op < kRandOps; ++op) {
    EXPECT_EQ(magnitude_of(op, {}), expected[static_cast<size_t>(op)]) << op;
  }
}

TEST(Augment, OperationsAndSignsAreDrawnEvenly) {
  std::array<double, kRandOps> counts{};
  double negative = 0, with_sign = 0;
  constexpr int kDraws = 14000;
  for (int i = 0; i < kDraws; ++i) {
    CounterRng rng(1, 2, static_cast<uint64_t>(i), 3);
    for (const RandOp& op : sample_augmentation(100, 100, {.ops = 1}, rng).ops) {
      ++counts[static_cast<size_t>(op.op)];
      if (is_signed(op.op)) {
        ++with_sign;
        negative += op.magnitude < 0 ? 1 : 0;
      }
    }
  }
  double chi2 = 0;
  for (const double count : counts) chi2 += (count - 1000) * (count - 1000) / 1000;
  EXPECT_LT(chi2, 34.5);  // 13 degrees of freedom, p = 0.001
  EXPECT_NEAR(negative / with_sign, 0.5, 0.02);
}

}  // namespace
}  // namespace mobileclip
