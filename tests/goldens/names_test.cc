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
    if (!golden::is_published(config)) continue;
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

TEST(Names, ParameterCountsAreTheTrainingFormWithoutStatistics) {
  for (const ModelConfig& config : variants()) {
    if (!golden::is_published(config)) continue;
    const std::string_view file = config.name == "mobileclip_blt" ? "mobileclip_b" : config.name;
    std::istringstream lines(golden::slurp(std::string(MOBILECLIP_TEST_DATA "/models/") +
                                           std::string(file) + ".state_dict.tsv"));
    ParameterCount expected;
    for (std::string line; std::getline(lines, line);) {
      if (line.find(".running_") != std::string::npos || line.ends_with("int64")) continue;
      std::istringstream shape(line.substr(line.find('\t') + 1));
      uint64_t count = 1;
      for (uint64_t extent = 0; shape >> extent; shape.get()) count *= extent;
      if (line.starts_with("image_encoder.")) expected.image += count;
      if (line.starts_with("text_encoder.")) expected.text += count;
    }
    EXPECT_EQ(count_parameters(config).image, expected.image) << config.name;
    EXPECT_EQ(count_parameters(config).text, expected.text) << config.name;
  }
}

}  // namespace
}  // namespace mobileclip
