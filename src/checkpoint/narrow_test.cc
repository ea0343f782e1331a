#include "checkpoint/narrow.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "checkpoint/test_support.h"

namespace mobileclip {
namespace {

/// All 65,536 bit patterns as a tensor.
TensorEntry all_patterns(DType dtype, std::vector<uint16_t>& bits) {
  bits.resize(65536);
  for (size_t i = 0; i < bits.size(); ++i) bits[i] = static_cast<uint16_t>(i);
  TensorEntry entry;
  entry.dtype = dtype;
  entry.shape = {bits.size()};
  entry.strides = {1};
  entry.storage = std::as_bytes(std::span(bits));
  return entry;
}

TEST(Narrow, EveryFiniteValueComesBackAndWideReadingEqualsTheSlowTwin) {
  for (const DType dtype : {DType::kFloat16, DType::kBFloat16}) {
    std::vector<uint16_t> bits;
    const TensorEntry entry = all_patterns(dtype, bits);
    std::vector<float> values(bits.size());
    read_elements(entry, values.data());
    for (size_t i = 0; i < bits.size(); ++i) {
      const double slow = read_element(entry, i);
      if (std::isnan(slow)) {
        EXPECT_TRUE(std::isnan(values[i])) << i;
        continue;
      }
      ASSERT_EQ(static_cast<double>(values[i]), slow) << i;
      if (!std::isfinite(slow)) continue;
      ASSERT_EQ(narrow({&values[i], 1}, dtype, "x")[0], bits[i]) << i;
    }
  }
}

TEST(Narrow, RoundsToNearestAndTiesToEven) {
  const auto half = [](float value) { return narrow({&value, 1}, DType::kFloat16, "x")[0]; };
  EXPECT_EQ(half(1 + 0x1p-11F), 0x3C00);      // half a step above 1: to even
  EXPECT_EQ(half(1 + 3 * 0x1p-11F), 0x3C02);  // between two: to even
  EXPECT_EQ(half(1 + 0x1.8p-11F), 0x3C01);
  EXPECT_EQ(half(0x1p-25F), 0);  // half the smallest
  EXPECT_EQ(half(-0x1.8p-25F), 0x8001);
  EXPECT_EQ(half(65519.0F), 0x7BFF);
  const auto brain = [](float value) { return narrow({&value, 1}, DType::kBFloat16, "x")[0]; };
  EXPECT_EQ(brain(1 + 0x1p-8F), 0x3F80);
  EXPECT_EQ(brain(1 + 3 * 0x1p-8F), 0x3F82);
  EXPECT_EQ(brain(-1 - 0x1.8p-8F), 0xBF81);
}

TEST(Narrow, WhatIsTooLargeIsRefused) {
  const float large[] = {65520.0F, 3.4e38F};
  EXPECT_THROW(narrow({&large[0], 1}, DType::kFloat16, "x"), Error);
  EXPECT_NO_THROW(narrow({&large[0], 1}, DType::kBFloat16, "x"));
  const float largest = std::numeric_limits<float>::max();
  EXPECT_THROW(narrow({&largest, 1}, DType::kBFloat16, "x"), Error);
}

}  // namespace
}  // namespace mobileclip
