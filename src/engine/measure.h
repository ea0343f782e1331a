/// Times a model's towers on random inputs.
#ifndef MOBILECLIP_ENGINE_MEASURE_H_
#define MOBILECLIP_ENGINE_MEASURE_H_

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/thread_pool.h"
#include "engine/model.h"

namespace mobileclip {

enum class Tower { kImage, kText };
std::string_view tower_name(Tower tower);

struct MeasureOptions {
  Tower tower = Tower::kImage;
  size_t batch = 1;
  int tokens = 0;  ///< length of each text, start and end included; 0: the whole context
  int runs = 20;   ///< measured calls, ≥ 1; as many more as fit into half a second
};

struct Timing {
  double median_ms = 0;  ///< of one call
  double p95_ms = 0;
  size_t runs = 0;
};

/// Calls after two warm-up calls; each call has new random pixels or token ids, made outside the
/// measured time.
Timing measure(const std::shared_ptr<const Model>& model, ThreadPool& pool,
               const MeasureOptions& options);

/// Milliseconds of a part in one call, the median over the calls. Parts are those of engine/work.h;
/// what comes before the first (looking up tokens) is counted with it.
struct PartTiming {
  std::string name;
  double median_ms = 0;
};

/// The same calls, with a clock between the parts.
std::vector<PartTiming> measure_parts(const std::shared_ptr<const Model>& model, ThreadPool& pool,
                                      const MeasureOptions& options);

/// Cosines between two models' embeddings of the same random inputs, one at a time.
struct Agreement {
  double mean_cosine = 0;
  double least_cosine = 0;
};
Agreement compare(const std::shared_ptr<const Model>& a, const std::shared_ptr<const Model>& b,
                  ThreadPool& pool, Tower tower, size_t inputs);

/// Value at rank ⌈p·n⌉ (nearest rank) of unsorted values; n ≥ 1, 0 < p ≤ 1.
double percentile(std::vector<double> values, double p);

}  // namespace mobileclip

#endif  // MOBILECLIP_ENGINE_MEASURE_H_
