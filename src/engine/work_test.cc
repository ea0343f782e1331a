#include "engine/work.h"

#include <gtest/gtest.h>

#include "config/accuracy.h"
#include "config/published.h"
#include "engine/recognise.h"

namespace mobileclip {
namespace {

TEST(Work, IsThatOfThePublishedNetworks) {
  const struct {
    const char* name;
    double image, text;
  } expected[] = {{"mobileclip_s0", 4.75, 2.59},
                  {"mobileclip_s1", 9.28, 5.81},
                  {"mobileclip_s2", 15.63, 5.81},
                  {"mobileclip_b", 33.99, 5.81},
                  {"mobileclip_blt", 33.99, 5.81}};
  for (const auto& one : expected) {
    const Work work = work_per_item(require_variant(one.name));
    EXPECT_NEAR(work.image, one.image, 0.005) << one.name;
    EXPECT_NEAR(work.text, one.text, 0.005) << one.name;
  }
}

TEST(Work, OfOtherNetworksIsNearTheOneThatOpenClipMeasured) {
  // Image and text together, attention's products included: a few percent more than ours.
  const struct {
    const char* name;
    double both;
  } expected[] = {{"ViT-B-16-quickgelu", 41.09},
                  {"ViT-L-14-quickgelu", 175.33},
                  {"ViT-L-14-336-quickgelu", 395.22},
                  {"ViT-B-16-SigLIP", 46.44}};
  for (const auto& one : expected) {
    const Work work = work_per_item(require_variant(one.name));
    EXPECT_LE(work.image + work.text, one.both) << one.name;
    EXPECT_GE(work.image + work.text, 0.91 * one.both) << one.name;
  }
  EXPECT_GT(work_per_item(require_variant("MobileCLIP2-S4")).image,
            work_per_item(require_variant("MobileCLIP2-S3")).image);
}

TEST(Work, OfAShortTextIsThatOfItsTokensInACausalTowerOnly) {
  const ModelConfig& causal = require_variant("mobileclip_b");
  EXPECT_NEAR(total_gflop(text_work(causal, 10)),
              12 * 10 * 2e-9 * 12 * 512 * 512 + 2e-9 * 512 * 512, 1e-12);
  const ModelConfig& whole = require_variant("mobileclip_s0");
  EXPECT_EQ(total_gflop(text_work(whole, 10)), total_gflop(text_work(whole, 77)));
}

TEST(Work, EveryPublishedModelIsAVariant) {
  for (const PublishedWeights& weights : published_weights()) {
    EXPECT_NE(find_variant(weights.name), nullptr) << weights.name;
  }
  for (const PublishedModel& model : published_models()) {
    EXPECT_NE(find_variant(model.variant), nullptr) << model.variant;
  }
}

}  // namespace
}  // namespace mobileclip
