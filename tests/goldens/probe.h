/// Comparison of a part of a network with the golden's probe of it.
#ifndef MOBILECLIP_TESTS_GOLDENS_PROBE_H_
#define MOBILECLIP_TESTS_GOLDENS_PROBE_H_

#include <gtest/gtest.h>

#include <cmath>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "layers/run_context.h"

namespace mobileclip::golden {

/// Compares one part's output with its probe: shape, mean, deviation and five elements.
inline void check_probe(const nlohmann::json& probe, const std::string& name, const Features& f,
                        bool text) {
  const auto shape = probe.at("shape").get<std::vector<size_t>>();
  std::vector<size_t> ours = {f.channels, f.height, f.width};
  if (text || shape.size() == 2) ours = {f.height, f.channels};
  ASSERT_EQ(ours, shape) << name;
  const double count = static_cast<double>(f.per_item());
  double sum = 0;
  double squares = 0;
  for (size_t i = 0; i < f.per_item(); ++i) sum += f.data[i];
  const double mean = sum / count;
  for (size_t i = 0; i < f.per_item(); ++i) squares += (f.data[i] - mean) * (f.data[i] - mean);
  const double deviation = std::sqrt(squares / (count - 1));
  const double expected_deviation = probe.at("std").get<double>();
  EXPECT_NEAR(mean, probe.at("mean").get<double>(), 2e-6 * expected_deviation) << name;
  EXPECT_NEAR(deviation, expected_deviation, 2e-6 * expected_deviation) << name;
  for (const auto& [at, value] : probe.at("at").items()) {
    const size_t index = std::stoul(at);
    // The golden is channels first; a token row is the same in both.
    const size_t ours_at =
        shape.size() == 2 ? index : index % f.positions() * f.channels + index / f.positions();
    EXPECT_NEAR(f.data[ours_at], value.get<double>(), 2e-5 * expected_deviation)
        << name << " element " << at;
  }
}

}  // namespace mobileclip::golden

#endif  // MOBILECLIP_TESTS_GOLDENS_PROBE_H_
