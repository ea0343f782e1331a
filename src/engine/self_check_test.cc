#include "engine/self_check.h"

#include <gtest/gtest.h>

#include <limits>
#include <set>
#include <string_view>

#include "base/counter_rng.h"
#include "base/error.h"
#include "engine/recognise.h"
#include "kernels/isa.h"

namespace mobileclip {
namespace {

const ModelConfig& nano() { return require_variant("mobileclip_nano"); }

TEST(SelfCheck, PassesOnEveryInstructionSet) {
  ThreadPool pool(2);
  const std::string original(kernels::isa_name());
  for (const std::string_view isa : kernels::available_isas()) {
    kernels::force_isa(isa);
    const SelfCheckReport report = run_self_check(nano(), pool);
    EXPECT_TRUE(report.passed()) << isa << " " << report.image_error << " " << report.text_error;
    EXPECT_TRUE(report.weights_equal) << isa;
  }
  kernels::force_isa(original);
}

// Of networks that take seconds and gigabytes, and of other people's, `verify` checks the file
// alone.
TEST(SelfCheck, EveryNetworkOfReasonableSizeHasResults) {
  const std::set<std::string_view> without = {
      "MobileCLIP-S4",      "MobileCLIP2-S4", "MobileCLIP-L-14",       "MobileCLIP2-L-14",
      "ViT-B-16",           "ViT-B-32",       "ViT-B-32-quickgelu",    "ViT-L-14",
      "ViT-L-14-quickgelu", "ViT-L-14-336",   "ViT-L-14-336-quickgelu"};
  for (const ModelConfig& config : variants()) {
    EXPECT_EQ(has_self_check(config), !without.contains(config.name)) << config.name;
  }
}

/// Turns one bit of the weights in memory.
void turn_bit(const std::vector<StoredTensor>& weights, CounterRng& rng) {
  const StoredTensor& tensor = weights[rng.below(weights.size())];
  uint64_t elements = 1;
  for (const uint64_t extent : tensor.shape) elements *= extent;
  const void* data = tensor.floats;
  if (tensor.table != nullptr) data = tensor.table->storage.data();
  auto* bytes = static_cast<uint8_t*>(const_cast<void*>(data));
  const uint64_t bit = rng.below(elements * 32);
  bytes[bit / 8] = static_cast<uint8_t>(bytes[bit / 8] ^ (1U << bit % 8));
}

TEST(SelfCheck, FailsAfterOneBitOfAWeightTurned) {
  ThreadPool pool(2);
  for (uint64_t seed = 0; seed < 40; ++seed) {
    CounterRng rng(seed, 1, 2, 3);
    const SelfCheckReport report = run_self_check(
        nano(), pool, [&](const std::vector<StoredTensor>& weights) { turn_bit(weights, rng); });
    EXPECT_FALSE(report.passed()) << seed;
  }
}

TEST(SelfCheck, FailsWhenResultsDiffer) {
  SelfCheckReport report;
  report.weights_equal = true;
  EXPECT_TRUE(report.passed());
  report.text_error = 3e-6;
  EXPECT_FALSE(report.passed());
  report.text_error = std::numeric_limits<double>::quiet_NaN();
  EXPECT_FALSE(report.passed());
}

}  // namespace
}  // namespace mobileclip
