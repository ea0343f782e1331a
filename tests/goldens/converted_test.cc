// Converted files of the published networks: the same bits in float32, nearly the same in 16 bits,
// and the goldens; the self check of every variant.
#include <cstring>
#include <filesystem>

#include "engine/convert.h"
#include "engine/self_check.h"
#include "small.h"

namespace mobileclip {
namespace {

constexpr size_t kItems = 3;

class Converted : public testing::TestWithParam<const char*> {
 protected:
  std::shared_ptr<const Model> convert(DType dtype) {
    const std::string path = testing::TempDir() + "/" + GetParam() + ".converted.safetensors";
    ConvertOptions options;
    options.dtype = dtype;
    write_converted(Checkpoint::open(golden::checkpoint_path(GetParam())), path, options, pool_);
    auto model = Model::load(path, {}, pool_);
    std::filesystem::remove(path);  // it stays mapped
    return model;
  }
  ThreadPool pool_{2};
};

TEST_P(Converted, Float32GivesTheSameBitsAndTheGoldens) {
  const auto source = Model::load(golden::checkpoint_path(GetParam()), {}, pool_);
  const auto ours = convert(DType::kFloat32);
  EXPECT_TRUE(golden::encode(ours, kItems, pool_) == golden::encode(source, kItems, pool_));
  EXPECT_EQ(ours->logit_scale(), source->logit_scale());
  const auto golden = golden::load(GetParam());
  std::vector<float> row(static_cast<size_t>(ours->config().embed_dim));
  Session session(ours, pool_);
  session.encode_pixels_chw(golden::noise_image(0, ours->config()), 1, row.data());
  EXPECT_LE(golden::relative_error(
                row.data(), golden["images"]["noise_0"]["embedding"].get<std::vector<double>>()),
            2e-6);
}

TEST_P(Converted, NarrowFormsAreAsCloseAsTheyAreSaidToBe) {
  const auto source = Model::load(golden::checkpoint_path(GetParam()), {}, pool_);
  const auto dim = static_cast<size_t>(source->config().embed_dim);
  golden::Rows expected = golden::encode(source, kItems, pool_);
  normalize_rows(expected.images.data(), kItems, dim);
  normalize_rows(expected.texts.data(), kItems, dim);
  for (const DType dtype : {DType::kFloat16, DType::kBFloat16}) {
    golden::Rows ours = golden::encode(convert(dtype), kItems, pool_);
    constexpr double kLeast = 0.99999;  // docs/format.md
    normalize_rows(ours.images.data(), kItems, dim);
    normalize_rows(ours.texts.data(), kItems, dim);
    for (size_t i = 0; i < kItems; ++i) {
      const size_t at = i * dim;
      EXPECT_GE(cosine({&ours.images[at], dim}, {&expected.images[at], dim}), kLeast)
          << dtype_name(dtype) << " image " << i;
      EXPECT_GE(cosine({&ours.texts[at], dim}, {&expected.texts[at], dim}), kLeast)
          << dtype_name(dtype) << " text " << i;
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Variants, Converted, testing::Values("mobileclip_s0", "mobileclip_b"),
                         [](const auto& variant) { return std::string(variant.param); });

class SelfCheck : public testing::TestWithParam<const char*> {};

TEST_P(SelfCheck, Passes) {
  ThreadPool pool(2);
  const SelfCheckReport report = run_self_check(require_variant(GetParam()), pool);
  EXPECT_TRUE(report.weights_equal);
  EXPECT_LE(report.image_error, kSelfCheckTolerance);
  EXPECT_LE(report.text_error, kSelfCheckTolerance);
}

INSTANTIATE_TEST_SUITE_P(Variants, SelfCheck,
                         testing::Values("mobileclip_s0", "mobileclip_s1", "mobileclip_s2",
                                         "mobileclip_b", "mobileclip_blt", "MobileCLIP-S1",
                                         "MobileCLIP2-S2", "MobileCLIP-B", "MobileCLIP2-S0",
                                         "MobileCLIP2-S3", "ViT-B-16-quickgelu", "ViT-B-16-SigLIP"),
                         [](const auto& variant) {
                           std::string out(variant.param);
                           std::erase(out, '-');
                           return out;
                         });

}  // namespace
}  // namespace mobileclip
