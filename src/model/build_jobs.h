/// Folding and packing of many layers on all threads.
#ifndef MOBILECLIP_MODEL_BUILD_JOBS_H_
#define MOBILECLIP_MODEL_BUILD_JOBS_H_

#include <functional>
#include <utility>
#include <vector>

#include "base/thread_pool.h"
#include "layers/foundry.h"

namespace mobileclip {

/// Collects one job per layer; each fills its own place with its own part of the foundry.
class BuildJobs {
 public:
  void add(std::function<void(Foundry& foundry)> job) { jobs_.push_back(std::move(job)); }

  /// Runs all, `after` behind each; `foundry` absorbs their parts in the order they were added.
  /// Errors are rethrown.
  void run(ThreadPool& pool, Foundry& foundry, const std::function<void()>& after) {
    std::vector<Foundry> parts(jobs_.size(), foundry.part());
    pool.parallel_for(jobs_.size(), [&](size_t i, int) {
      jobs_[i](parts[i]);
      after();
    });
    for (Foundry& part : parts) foundry.absorb(std::move(part));
    jobs_.clear();
  }

 private:
  std::vector<std::function<void(Foundry&)>> jobs_;
};

}  // namespace mobileclip

#endif  // MOBILECLIP_MODEL_BUILD_JOBS_H_
