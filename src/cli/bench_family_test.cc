#include "cli/bench_family.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "engine/recognise.h"

namespace mobileclip::cli {
namespace {

std::vector<FamilyRow> rows() {
  return {{"mobileclip_s0", 53.8, 10, 5, 67.8, 58.1},
          {"mobileclip_s2", 99.2, 30, 10, 74.4, 63.7},
          {"mobileclip_nano", 1.0, 1, 1, {}, {}},
          {"ViT-B-16-quickgelu", 149.6, 65, 10, 68.3, 56.3},
          {"ViT-B-16-SigLIP", 203.2, 70, 20, 76.0, 62.3}};
}

TEST(BenchFamily, RatiosAreThoseOfLatencyAndSize) {
  const auto ratios = family_ratios(rows());
  ASSERT_EQ(ratios.size(), 2u);
  EXPECT_DOUBLE_EQ(ratios[0].faster, 5.0);
  EXPECT_NEAR(ratios[0].smaller, 2.78, 0.01);
  EXPECT_DOUBLE_EQ(ratios[1].faster, 2.25);
  EXPECT_EQ(ratios[1].than, "ViT-B-16-SigLIP");
  const std::vector<FamilyRow> all = rows();
  EXPECT_TRUE(family_ratios(std::span(all).first(2)).empty());
}

TEST(BenchFamily, TheTableHasEveryRow) {
  const std::string table = family_table(rows());
  EXPECT_EQ(std::ranges::count(table, '\n'), 1 + 5 + 2);
  EXPECT_NE(table.find("mobileclip_s0 than ViT-B-16-quickgelu: 5.0 times faster, 2.8 times smaller "
                       "(published: 4.8, 2.8)"),
            std::string::npos)
      << table;
}

TEST(BenchFamily, JsonIsWhole) {
  const auto json = nlohmann::json::parse(family_json(rows(), 2));
  ASSERT_EQ(json["family"].size(), 5u);
  EXPECT_EQ(json["family"][3]["imagenet1k_top1"], 68.3);
  EXPECT_TRUE(json["family"][2]["average_38"].is_null());
  EXPECT_EQ(json["ratios"].size(), 2u);
  EXPECT_EQ(json["threads"], 2);
}

TEST(BenchFamily, ThePlotShowsWhatHasAPublishedAccuracy) {
  const std::string svg = family_svg(rows());
  EXPECT_TRUE(svg.starts_with("<svg "));
  EXPECT_TRUE(svg.ends_with("</svg>\n"));
  size_t circles = 0;
  for (size_t at = 0; (at = svg.find("<circle", at)) != std::string::npos; ++at) ++circles;
  EXPECT_EQ(circles, 4u);
  EXPECT_EQ(svg.find("mobileclip_nano"), std::string::npos);
  EXPECT_EQ(svg.find("nan"), std::string::npos);
  EXPECT_EQ(svg.find("inf"), std::string::npos);
}

TEST(BenchFamily, MembersAreVariants) {
  for (const std::string_view name : family()) {
    EXPECT_NE(find_variant(name), nullptr) << name;
  }
}

TEST(BenchFamily, OneNetworkIsMeasuredOnce) {
  ThreadPool pool(1);
  const std::vector<FamilyRow> before = {{"mobileclip_s2", 99.2, 30, 10, 74.4, 63.7}};
  const FamilyRow row = measure_member("MobileCLIP2-S2", before, pool, 1);
  EXPECT_EQ(row.image_ms, 30);
  EXPECT_EQ(row.text_ms, 10);
  EXPECT_EQ(row.imagenet, 77.2);
  EXPECT_NEAR(row.parameters, 99.2, 0.1);
}

TEST(BenchFamily, AMemberIsMeasured) {
  ThreadPool pool(2);
  const FamilyRow row = measure_member("mobileclip_nano", {}, pool, 1);
  EXPECT_GT(row.image_ms, 0);
  EXPECT_GT(row.text_ms, 0);
  EXPECT_FALSE(row.imagenet.has_value());
}

}  // namespace
}  // namespace mobileclip::cli
