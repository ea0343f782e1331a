/// Folding and packing of many layers on all threads.
#ifndef MOBILECLIP_MODEL_BUILD_JOBS_H_
#define MOBILECLIP_MODEL_BUILD_JOBS_H_

#include <functional>
#include <iterator>
#include <utility>
#include <vector>

#include "base/thread_pool.h"
#include "layers/run_context.h"

namespace mobileclip {

/// Collects one job per layer; each fills its own place and writes its own log.
class BuildJobs {
 public:
  void add(std::function<void(FoldLog& log)> job) { jobs_.push_back(std::move(job)); }

  /// Runs all; appends their logs to `log` in the order they were added. Errors are rethrown.
  void run(ThreadPool& pool, FoldLog& log) {
    std::vector<FoldLog> logs(jobs_.size());
    pool.parallel_for(jobs_.size(), [&](size_t i, int) { jobs_[i](logs[i]); });
    for (FoldLog& part : logs) {
      log.insert(log.end(), std::make_move_iterator(part.begin()),
                 std::make_move_iterator(part.end()));
    }
    jobs_.clear();
  }

 private:
  std::vector<std::function<void(FoldLog&)>> jobs_;
};

}  // namespace mobileclip

#endif  // MOBILECLIP_MODEL_BUILD_JOBS_H_
