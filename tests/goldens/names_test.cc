// The names and shapes each variant expects are those of the published files.
#include <gtest/gtest.h>

#include <map>
#include <sstream>

#include "golden.h"
#include "model/clip.h"

namespace mobileclip {
namespace {

TEST(Names, EveryTensorOfEveryVariantEqualsThePublishedList) {
  for (const ModelConfig& config : variants()) {
    const std::string_view file = config.name == "mobileclip_blt" ? "mobileclip_b" : config.name;
    std::istringstream lines(golden::slurp(std::string(MOBILECLIP_TEST_DATA "/models/") +
                                           std::string(file) + ".state_dict.tsv"));
    std::map<std::string, std::string> published;
    for (std::string line; std::getline(lines, line);) {
      if (line.starts_with("#")) continue;
      const size_t tab = line.find('\t');
      published[line.substr(0, tab)] = line.substr(tab + 1);
    }
    std::map<std::string, std::string> ours;
    for (const TensorSpec& spec : expected_tensors(config)) {
      const bool fresh = ours.emplace(spec.name, shape_string(spec.shape) +
                                                     (spec.integer ? "\tint64" : "\tfloat32"))
                             .second;
      EXPECT_TRUE(fresh) << spec.name << " is fetched twice";
    }
    EXPECT_EQ(ours, published) << config.name;
  }
}

TEST(Names, ParameterCountsAreThePublishedOnes) {
  const std::map<std::string_view, std::pair<double, double>> millions = {
      {"mobileclip_s0", {11.4, 42.4}},
      {"mobileclip_s1", {21.5, 63.4}},
      {"mobileclip_s2", {35.7, 63.4}},
      {"mobileclip_b", {86.3, 63.4}},
      {"mobileclip_blt", {86.3, 63.4}}};
  for (const ModelConfig& config : variants()) {
    const ParameterCount count = count_parameters(config);
    EXPECT_NEAR(static_cast<double>(count.image) / 1e6, millions.at(config.name).first, 0.05);
    EXPECT_NEAR(static_cast<double>(count.text) / 1e6, millions.at(config.name).second, 0.05);
  }
}

}  // namespace
}  // namespace mobileclip
