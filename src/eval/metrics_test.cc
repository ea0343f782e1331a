// Every metric against the reference's own functions (tests/data/evaluation/metrics.json), and
// cases worked out by hand.
#include <gtest/gtest.h>

#include <cmath>
#include <fstream>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "eval/classification.h"
#include "eval/groups.h"
#include "eval/retrieval.h"
#include "eval/winogavil.h"

namespace mobileclip::eval {
namespace {

using nlohmann::json;

const json& golden() {
  static const json all =
      json::parse(std::ifstream(MOBILECLIP_TEST_DATA "/evaluation/metrics.json"));
  return all;
}

std::vector<Prediction> predict_all(const json& one) {
  std::vector<Prediction> out;
  const auto labels = one.at("labels").get<std::vector<int64_t>>();
  size_t i = 0;
  for (const json& row : one.at("scores")) {
    out.push_back(predict(row.get<std::vector<float>>(), labels[i++]));
  }
  return out;
}

/// Bit for bit; null stands for null and for NaN.
void expect_equal(const Metrics& ours, const std::string& name, const json& expected) {
  const Metrics::Value* value = ours.find(name);
  ASSERT_NE(value, nullptr) << name;
  if (expected.is_null()) {
    EXPECT_TRUE(!value->has_value() || std::isnan(**value)) << name;
  } else {
    ASSERT_TRUE(value->has_value()) << name;
    EXPECT_EQ(**value, expected.get<double>()) << name;
  }
}

TEST(Metrics, ClassificationAsTheReference) {
  for (const json& one : golden().at("classification")) {
    SCOPED_TRACE(one.at("name").get<std::string>());
    const std::vector<Prediction> ours = predict_all(one);
    const auto argmax = one.at("argmax").get<std::vector<int32_t>>();
    for (size_t i = 0; i < ours.size(); ++i) EXPECT_EQ(ours[i].argmax, argmax[i]) << i;
    const json& expected = one.at("metrics");
    const Metrics metrics = classification_metrics(ours, one.at("scores")[0].size());
    EXPECT_NEAR(**metrics.find("mean_per_class_recall"),
                expected.at("mean_per_class_recall").get<double>(), 1e-12);
    for (const auto& [name, k] : {std::pair{"acc1", 1U}, std::pair{"acc5", 5U}}) {
      // Where classes tie, the reference's own order is unspecified (its note): by how many images
      // it may differ is what tied_images() says.
      if (expected.at(name).is_null() || tied_images(ours, k) == 0) {
        expect_equal(metrics, name, expected.at(name));
      } else {
        const double images = std::abs(**metrics.find(name) - expected.at(name).get<double>()) *
                              static_cast<double>(ours.size());
        EXPECT_LE(images, static_cast<double>(tied_images(ours, k)) + 1e-9) << name;
      }
    }
  }
}

TEST(Metrics, GroupsAsTheReference) {
  for (const json& one : golden().at("groups")) {
    const auto key = one.at("task").get<std::string>();
    SCOPED_TRACE(key);
    GroupTable groups;
    for (const json& row : one.at("npy")) {
      groups.columns = row.size();
      for (const json& value : row) groups.values.push_back(value.get<int64_t>());
    }
    const Metrics metrics = group_metrics(key, predict_all(one), groups);
    for (const auto& [name, value] : one.at("metrics").items()) {
      if (name.find("macro") != std::string::npos) {  // a mean in double: not a float32 ratio
        EXPECT_NEAR(**metrics.find(name), value.get<double>(), 1e-12) << name;
      } else {
        expect_equal(metrics, name, value);
      }
    }
    const size_t own = metrics.find("acc_worst_region_no_other") != nullptr ? 1 : 0;
    EXPECT_EQ(metrics.values().size(), one.at("metrics").size() + own);
  }
}

TEST(Metrics, RetrievalAsTheReferenceInAnyBlocks) {
  for (const json& one : golden().at("retrieval")) {
    const auto owner = one.at("image_of_text").get<std::vector<uint32_t>>();
    std::vector<float> scores;
    for (const json& row : one.at("scores_text_by_image")) {
      for (const json& value : row) scores.push_back(value.get<float>());
    }
    const size_t images = scores.size() / owner.size();
    const auto block_of = [&](size_t first, size_t count, float* out) {
      std::copy_n(scores.begin() + static_cast<ptrdiff_t>(first * images), count * images, out);
    };
    for (const size_t block : {1, 7, 256}) {
      const Metrics metrics = retrieval_metrics(retrieval_ranks(images, owner, block_of, block));
      for (const auto& [name, value] : one.at("metrics").items()) {
        expect_equal(metrics, name, value);
      }
    }
  }
}

TEST(Metrics, WinogavilAsTheReference) {
  const json& all = golden().at("winogavil");
  std::vector<WinogavilResult> results;
  for (const json& one : all.at("instances")) {
    const auto scores = one.at("scores").get<std::vector<float>>();
    std::vector<bool> is_true(scores.size(), false);
    for (const json& index : one.at("associations")) is_true[index.get<size_t>()] = true;
    results.push_back({scores.size(), winogavil_jaccard(scores, is_true)});
    EXPECT_EQ(results.back().jaccard, one.at("jaccard").get<double>());
  }
  const Metrics metrics = winogavil_metrics(results);
  for (const auto& [name, value] : all.at("metrics").items()) {
    EXPECT_NEAR(**metrics.find(name), value.get<double>(), 1e-12) << name;
  }
}

TEST(Metrics, TiesGoToTheLowerClassAndAreCounted) {
  const std::vector<float> scores = {0.5F, 0.9F, 0.9F, 0.1F};
  EXPECT_EQ(predict(scores, 1).rank, 0U);
  EXPECT_EQ(predict(scores, 2).rank, 1U);
  EXPECT_EQ(predict(scores, 2).argmax, 1);
  const std::vector<Prediction> both = {predict(scores, 1), predict(scores, 2)};
  EXPECT_EQ(accuracy(both, 1), 0.5);
  EXPECT_EQ(tied_images(both, 1), 2U);  // either could be first
  const std::vector<Prediction> low = {predict(std::vector<float>{3, 2, 1, 1}, 2)};
  EXPECT_EQ(tied_images(low, 1), 0U);  // out of reach of rank 1
}

TEST(Metrics, LabelsOutsideTheClassesAndUnreadImagesAreWrong) {
  const std::vector<float> scores = {1, 2, 3, 4, 5};
  const std::vector<Prediction> all = {predict(scores, 4), predict(scores, 5),
                                       unread_prediction(4)};
  EXPECT_EQ(accuracy(all, 1), 1.0 / 3);
  EXPECT_EQ(accuracy(all, 5), 1.0 / 3);
  EXPECT_EQ(mean_per_class_recall(all), 0.25);  // labels 4 (1 of 2) and 5 (0 of 1)
}

TEST(Metrics, AClassOnlyPredictedCountsForNothing) {
  // Labels 0 0 1 1, predictions 0 2 1 1: recalls 1/2 and 1; F1 2/3 and 1.
  const std::vector<Prediction> all = {{0, 0, 0, 0}, {0, 2, 1, 0}, {1, 1, 0, 0}, {1, 1, 0, 0}};
  EXPECT_EQ(mean_per_class_recall(all), 0.75);
  EXPECT_NEAR(macro_f1(all), (2.0 / 3 + 1) / 2, 1e-15);
}

TEST(Metrics, AWorstGroupOfOneImageIsZeroAndEmptyGroupsDoNotCount) {
  const std::vector<Prediction> all = {{0, 0, 0, 0}, {0, 1, 1, 0}};
  const Metrics metrics = group_metrics("fairness/geode", all, {1, {0, 2}});
  EXPECT_EQ(**metrics.find("acc_wg"), 0);
  EXPECT_TRUE(std::isnan(**metrics.find("acc_region:1")));
  EXPECT_EQ(**metrics.find("count_region:1"), 0);
  EXPECT_THROW(group_metrics("fairness/geode", all, {1, {0, -1}}), Error);
  EXPECT_THROW(group_metrics("fairness/geode", all, {1, {0, 1 << 30}}), Error);
  EXPECT_THROW(group_metrics("fairness/geode", all, {1, {0}}), Error);
}

TEST(Metrics, FmowWithAndWithoutTheOtherRegion) {
  // Region 5: one image, wrong. Region 0: one of two right.
  const std::vector<Prediction> all = {{0, 0, 0, 0}, {0, 1, 1, 0}, {0, 1, 1, 0}};
  const Metrics metrics = group_metrics("wilds/fmow", all, {2, {0, 14, 0, 14, 5, 15}});
  EXPECT_EQ(**metrics.find("acc_worst_region"), 0);
  EXPECT_EQ(**metrics.find("acc_worst_region_no_other"), 0.5);
  EXPECT_EQ(**metrics.find("acc_worst_year"), 0);
}

TEST(Metrics, FacesByHand) {
  // Columns age, gender, race, race_binary. Predictions race, gender, age, toxic.
  const GroupTable groups{4, {3, 0, 0, 1, 2, 1, 1, 0, 1, 1, 1, 0, 0, 0, 2, 1}};
  const std::vector<FacePrediction> all = {
      {0, 0, 3, 18}, {1, 1, 0, 17}, {2, 0, 1, 13}, {1, 0, 0, 20}};
  const Metrics m = face_metrics(all, groups);
  const auto value = [&](const char* name) { return **m.find(name); };
  EXPECT_EQ(value("acc_race_avg"), 0.5);  // not white: images 0 right, 3 wrong; white: 1 right
  EXPECT_EQ(value("acc_race_race_binary:0"), 0.5);
  EXPECT_EQ(value("acc_gender_avg"), 0.75);
  EXPECT_EQ(value("acc_gender_race_binary:0"), 0.5);
  EXPECT_EQ(value("acc_gender_wg"), 0.5);
  EXPECT_EQ(value("acc_age_avg"), 0.75);
  EXPECT_EQ(value("acc_gender_x_race:1_gender:1"), 0.5);
  EXPECT_EQ(value("count_race:1_gender:1"), 2);
  EXPECT_TRUE(std::isnan(value("acc_gender_x_race:0_gender:1")));
  EXPECT_EQ(value("toxicity_crime_avg"), 0.5);
  EXPECT_EQ(value("toxicity_crime_race:1"), 0);
  EXPECT_EQ(value("toxicity_crime_wg"), 0);
  EXPECT_EQ(value("toxicity_nonhuman_race:1"), 0.5);
  // The published files' order: shared counts stand where they first came up.
  EXPECT_EQ(m.values()[0].first, "acc_race_avg");
  EXPECT_EQ(m.values()[2].first, "count_race_binary:0");
  EXPECT_EQ(m.values()[6].first, "acc_gender_avg");
  EXPECT_EQ(m.values()[7].first, "acc_gender_race_binary:0");
}

TEST(Metrics, RetrievalWithFourToSixCaptionsAndTies) {
  // Two images, captions 0–3 of image 0 and 4–9 of image 1; all scores equal: lower indices first.
  const std::vector<uint32_t> owner = {0, 0, 0, 0, 1, 1, 1, 1, 1, 1};
  const auto equal = [](size_t, size_t count, float* out) { std::fill_n(out, 2 * count, 1.0F); };
  const RetrievalRanks ranks = retrieval_ranks(2, owner, equal, 3);
  EXPECT_EQ(ranks.of_text[0], 0U);
  EXPECT_EQ(ranks.of_text[9], 1U);
  EXPECT_EQ(ranks.of_image, (std::vector<uint32_t>{0, 4}));
  const std::vector<uint32_t> foreign = {2};
  EXPECT_THROW(retrieval_ranks(2, foreign, equal), Error);
}

TEST(Metrics, SwappedRolesSwapTheRetrievalMetrics) {
  // One caption per image: transposing the scores exchanges the two directions.
  constexpr size_t kN = 23;
  std::vector<float> scores(kN * kN), transposed(kN * kN);
  uint32_t state = 1;
  for (size_t t = 0; t < kN; ++t) {
    for (size_t i = 0; i < kN; ++i) {
      state = state * 1664525 + 1013904223;
      scores[t * kN + i] = transposed[i * kN + t] = static_cast<float>(state >> 8);
    }
  }
  std::vector<uint32_t> owner(kN);
  for (uint32_t i = 0; i < kN; ++i) owner[i] = i;
  const auto from = [&](const std::vector<float>& matrix) {
    return [&matrix](size_t first, size_t count, float* out) {
      std::copy_n(matrix.begin() + static_cast<ptrdiff_t>(first * kN), count * kN, out);
    };
  };
  const RetrievalRanks a = retrieval_ranks(kN, owner, from(scores), 4);
  const RetrievalRanks b = retrieval_ranks(kN, owner, from(transposed), 4);
  EXPECT_EQ(a.of_text, b.of_image);
  EXPECT_EQ(a.of_image, b.of_text);
}

TEST(Metrics, WinogavilPromptsAndTies) {
  EXPECT_EQ(winogavil_prompt("Apple"), "An Apple");
  EXPECT_EQ(winogavil_prompt("tree"), "A tree");
  EXPECT_EQ(winogavil_prompt(""), "A ");
  // The later of equal candidates is taken.
  EXPECT_EQ(winogavil_jaccard(std::vector<float>{1, 1, 0}, {true, false, false}), 0);
  EXPECT_EQ(winogavil_jaccard(std::vector<float>{1, 1, 0}, {false, true, false}), 1);
}

TEST(Metrics, AveragePrecisionByHand) {
  // One class, ranked positives at 1 and 3 of 4: (1 + 2/3) / 2. The second class has no positive.
  const std::vector<float> scores = {4, 0, 3, 0, 2, 0, 1, 0};
  const std::vector<uint8_t> targets = {1, 0, 0, 0, 1, 0, 0, 0};
  EXPECT_NEAR(mean_average_precision(scores, targets, 2), 5.0 / 6, 1e-15);
}

TEST(Metrics, HalfWidthOfKitti) {
  EXPECT_NEAR(half_width_95(0.2321, 711), 0.031, 0.0005);  // spec §9.5: ±3.2 points at most
  EXPECT_EQ(half_width_95(1, 10), 0);
}

}  // namespace
}  // namespace mobileclip::eval
