#include "engine/measure.h"

#include <gtest/gtest.h>

#include <filesystem>

#include "engine/recognise.h"
#include "engine/synthetic.h"
#include "engine/work.h"

namespace mobileclip {
namespace {

TEST(Measure, PercentilesAreNearestRanks) {
  EXPECT_EQ(percentile({7}, 0.5), 7);
  EXPECT_EQ(percentile({3, 1, 2}, 0.5), 2);
  EXPECT_EQ(percentile({4, 3, 1, 2}, 0.5), 2);
  std::vector<double> hundred;
  for (int i = 100; i > 0; --i) hundred.push_back(i);
  EXPECT_EQ(percentile(hundred, 0.95), 95);
  EXPECT_EQ(percentile(hundred, 1), 100);
  EXPECT_EQ(percentile({1, 2}, 0.001), 1);
}

TEST(Measure, AModelAgreesWithItself) {
  const std::string path = testing::TempDir() + "/measure_agreement.pt";
  write_synthetic_checkpoint(require_variant("mobileclip_nano"), path);
  ThreadPool pool(1);
  const auto model = Model::load(path, {}, pool);
  for (const Tower tower : {Tower::kImage, Tower::kText}) {
    const Agreement agreement = compare(model, model, pool, tower, 3);
    EXPECT_NEAR(agreement.mean_cosine, 1, 1e-6);
    EXPECT_NEAR(agreement.least_cosine, 1, 1e-6);
  }
  std::filesystem::remove(path);
}

TEST(Measure, PartsAreThoseWhoseWorkIsKnownAndAddUpToTheCall) {
  const std::string path = testing::TempDir() + "/measure_parts.pt";
  const ModelConfig& config = require_variant("mobileclip_nano");
  write_synthetic_checkpoint(config, path);
  ThreadPool pool(1);
  const auto model = Model::load(path, {}, pool);
  for (const Tower tower : {Tower::kImage, Tower::kText}) {
    const MeasureOptions options{tower, 2, 8, 5};
    const auto parts = measure_parts(model, pool, options);
    const auto work = tower == Tower::kImage ? image_work(config) : text_work(config, 8);
    ASSERT_EQ(parts.size(), work.size()) << tower_name(tower);
    double sum = 0;
    for (size_t i = 0; i < parts.size(); ++i) {
      EXPECT_EQ(parts[i].name, work[i].name);
      EXPECT_GT(parts[i].median_ms, 0) << parts[i].name;
      sum += parts[i].median_ms;
    }
    const Timing whole = measure(model, pool, options);
    EXPECT_GT(sum, 0.2 * whole.median_ms) << tower_name(tower);
    EXPECT_LT(sum, 5 * whole.median_ms) << tower_name(tower);
  }
  std::filesystem::remove(path);
}

}  // namespace
}  // namespace mobileclip
