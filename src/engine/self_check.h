/// Whether this machine computes what it should: networks with synthetic weights against stored
/// results.
#ifndef MOBILECLIP_ENGINE_SELF_CHECK_H_
#define MOBILECLIP_ENGINE_SELF_CHECK_H_

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "base/thread_pool.h"
#include "config/model_config.h"
#include "layers/foundry.h"

namespace mobileclip {

/// What the synthetic network of a variant gives: raw embeddings of one noise image and one text,
/// and the CRC-32 of its folded weights as they lie in memory.
struct SelfCheckValues {
  uint32_t weights_crc32 = 0;
  std::vector<float> image, text;
};

struct SelfCheckReport {
  bool weights_equal = false;
  double image_error = 0, text_error = 0;  ///< ‖ours − stored‖ / ‖stored‖
  /// All three hold; errors at most kSelfCheckTolerance.
  bool passed() const;
};
constexpr double kSelfCheckTolerance = 2e-6;

/// For tests: gets the weights in memory after folding, before they are used.
using Meddle = std::function<void(const std::vector<StoredTensor>& weights)>;

/// Folds the synthetic network and runs it. Takes about twice the network's weights of memory.
SelfCheckValues compute_self_check(const ModelConfig& config, ThreadPool& pool,
                                   const Meddle& meddle = {});

/// Whether results for this variant, or another name of its network, are stored in the program.
bool has_self_check(const ModelConfig& config);
/// Compares with them. kUnsupported if there are none.
SelfCheckReport run_self_check(const ModelConfig& config, ThreadPool& pool,
                               const Meddle& meddle = {});

/// The rows of assets/self_check.tsv for one variant, without an end of line at the end.
std::string self_check_rows(const ModelConfig& config, const SelfCheckValues& values);

}  // namespace mobileclip

#endif  // MOBILECLIP_ENGINE_SELF_CHECK_H_
