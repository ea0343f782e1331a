#include "cli/bench_family.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>
#include <regex>
#include <string>
#include <vector>

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
  const std::string table = family_table(rows(), "a machine");
  EXPECT_EQ(std::ranges::count(table, '\n'), 2 + 5 + 2);
  EXPECT_NE(
      table.find("mobileclip_s0 than ViT-B-16-quickgelu: 5.00 times faster, 2.78 times smaller "
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
  const std::string svg = family_svg(rows(), "A & B <3>");
  EXPECT_TRUE(svg.starts_with("<svg "));
  EXPECT_TRUE(svg.ends_with("</svg>\n"));
  size_t circles = 0;
  for (size_t at = 0; (at = svg.find("<circle", at)) != std::string::npos; ++at) ++circles;
  EXPECT_EQ(circles, 4u + 3u);  // and the legend's
  EXPECT_EQ(svg.find("nano"), std::string::npos);
  EXPECT_EQ(svg.find("Nano"), std::string::npos);
  EXPECT_NE(svg.find(">A &amp; B &lt;3><"), std::string::npos);
  EXPECT_NE(svg.find(">ViT-B-16 (OpenAI)<"), std::string::npos);
  EXPECT_EQ(svg.find("nan"), std::string::npos);
  EXPECT_EQ(svg.find("inf"), std::string::npos);
}

/// Left edge, baseline and width of every label of the plot.
struct Label {
  double x, y, width;
};
std::vector<Label> labels_of(const std::string& svg) {
  const std::regex text(
      "<text x=\"([0-9.]+)\" y=\"([0-9.]+)\" text-anchor=\"middle\" "
      "fill=\"#[0-9a-f]+\"[^>]*>([^<]*)</text>");
  std::vector<Label> out;
  for (std::sregex_iterator at(svg.begin(), svg.end(), text), end; at != end; ++at) {
    const double width = 6.5 * static_cast<double>((*at)[3].length());
    out.push_back({std::stod((*at)[1]) - width / 2, std::stod((*at)[2]), width});
  }
  return out;
}

TEST(BenchFamily, LabelsOfThePlotDoNotMeet) {
  // Many in one place.
  std::vector<FamilyRow> crowd;
  for (const std::string_view name : family()) {
    crowd.push_back({name, 150, 60 + static_cast<double>(crowd.size() % 3), 10, 76.0, 60.0});
  }
  crowd[0].imagenet = 68;
  crowd[1].image_ms = 400;
  const std::vector<Label> labels = labels_of(family_svg(crowd, ""));
  ASSERT_EQ(labels.size(), crowd.size());
  for (size_t i = 0; i < labels.size(); ++i) {
    for (size_t k = 0; k < i; ++k) {
      const Label &a = labels[i], &b = labels[k];
      const bool apart = a.x + a.width <= b.x || b.x + b.width <= a.x || std::abs(a.y - b.y) >= 12;
      EXPECT_TRUE(apart) << i << " " << k;
    }
  }
}

TEST(BenchFamily, TheCaptionSaysWhereAndWhen) {
  const std::string caption = family_caption(1);
  EXPECT_TRUE(std::regex_search(
      caption, std::regex(", 1 thread, float32, 20[0-9]{2}-[01][0-9]-[0-3][0-9]$")))
      << caption;
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
