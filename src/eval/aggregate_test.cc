// The published table through our own arithmetic gives the published averages.
#include "eval/aggregate.h"

#include <gtest/gtest.h>

#include <cmath>

#include "base/error.h"
#include "eval/published_results.h"
#include "eval/registry.h"

namespace mobileclip::eval {
namespace {

MainMetrics published(const std::string& model) {
  MainMetrics out;
  for (const PublishedRow& row : PublishedResults::shared().rows()) {
    if (row.suite != "datacomp38" && row.suite != "extra") continue;
    if (const auto value = PublishedResults::shared().value(row.key, model)) {
      out[row.key] = *value;
    }
  }
  return out;
}

/// As the README prints: per cent, one decimal.
double rounded(double share) { return std::round(share * 1000) / 10; }

TEST(Aggregate, GivesBothNumbersOfAll14Readmes) {
  const PublishedResults& table = PublishedResults::shared();
  ASSERT_EQ(table.models().size(), 14U);
  for (const std::string& model : table.models()) {
    SCOPED_TRACE(model);
    const std::vector<Aggregate> all = aggregates(published(model));
    EXPECT_EQ(rounded(all[0].value.value()), table.value("readme/in1k_top1_pct", model).value());
    EXPECT_EQ(rounded(all[1].value.value()), table.value("readme/avg38_pct", model).value());
    size_t i = 1;
    for (const char* key : {"agg/average38", "agg/imagenet_shifts", "agg/vtab", "agg/retrieval"}) {
      EXPECT_NEAR(all[i++].value.value(), table.value(key, model).value(), 1e-12) << key;
    }
  }
}

TEST(Aggregate, RefusesWhenSomethingIsMissing) {
  MainMetrics metrics = published("mobileclip_s0");
  metrics.erase("vtab/pcam");
  const std::vector<Aggregate> all = aggregates(metrics);
  EXPECT_FALSE(all[1].value);
  EXPECT_EQ(all[1].present, 37U);
  EXPECT_TRUE(all[1].over_present);
  EXPECT_TRUE(all[2].value);   // the shifts do not need it
  EXPECT_FALSE(all[3].value);  // VTAB does
  EXPECT_FALSE(aggregates({})[0].over_present);
}

TEST(Registry, AgreesWithThePublishedTable) {
  size_t seen = 0;
  for (const PublishedRow& row : PublishedResults::shared().rows()) {
    if (row.suite != "datacomp38") continue;
    const Dataset* dataset = find_dataset(row.key);
    ASSERT_NE(dataset, nullptr) << row.key;
    ++seen;
    EXPECT_EQ(dataset->name, row.dataset);
    EXPECT_EQ(dataset->main_metric, row.main_metric);
    EXPECT_EQ(std::to_string(dataset->images), row.images.empty() ? "3563" : row.images);
    EXPECT_EQ(dataset->classes > 0 ? std::to_string(dataset->classes) : "", row.classes) << row.key;
  }
  EXPECT_EQ(seen, kAveraged);
  EXPECT_EQ(registry().size(), 40U);
  uint64_t images = 0;
  for (const Dataset& dataset : registry().first(kAveraged)) {
    images += dataset.images;
    EXPECT_FALSE(dataset.main_metric.empty());
    const bool own_folder = dataset.evaluator == Evaluator::kRetrieval;
    EXPECT_TRUE(own_folder || dataset.key == "misc/winogavil" ||
                folder_of_key(dataset.key) == dataset.folder)
        << dataset.key;
  }
  EXPECT_EQ(images, 697'369U);
}

TEST(Registry, Suites) {
  EXPECT_EQ(expand_suite("all").size(), 40U);
  EXPECT_EQ(expand_suite("datacomp38").size(), 38U);
  EXPECT_EQ(expand_suite("retrieval").size(), 3U);
  EXPECT_EQ(expand_suite("imagenet1k,mine,imagenet1k"),
            (std::vector<std::string>{"imagenet1k", "mine"}));
  EXPECT_THROW(expand_suite("imagenet1k,"), Error);
  EXPECT_EQ(folder_of_key("fairness/geode"), "wds_geode_test");
}

TEST(Published, ColumnsAndProtocols) {
  const PublishedResults& table = PublishedResults::shared();
  EXPECT_EQ(table.column_of("mobileclip_blt"), "mobileclip_b_lt");
  EXPECT_EQ(table.column_of("MobileCLIP2-S0"), "mobileclip2_s0");
  EXPECT_FALSE(table.column_of("mobileclip_nano"));
  for (const std::string& model : table.models()) {
    const bool old = model == "mobileclip_s0" || model == "mobileclip_s1" ||
                     model == "mobileclip_s2" || model == "mobileclip_b" ||
                     model == "mobileclip_b_lt";
    EXPECT_EQ(table.protocol_of(model), old ? "datacomp-1.4" : "datacomp") << model;
  }
}

}  // namespace
}  // namespace mobileclip::eval
