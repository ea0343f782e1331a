/// A fixed set of threads for short, equal pieces of work.
#ifndef MOBILECLIP_BASE_THREAD_POOL_H_
#define MOBILECLIP_BASE_THREAD_POOL_H_

#include <cstddef>
#include <functional>
#include <memory>
#include <type_traits>

namespace mobileclip {

/// Cores this process may use (the affinity mask, not the machine).
int available_cores();

/// Runs loops on `threads` threads, the caller's included. One loop at a time per pool: calls from
/// two threads take turns; a loop started inside a loop runs on the calling thread alone. Denormals
/// are flushed to zero on every thread while it works, and the caller's mode is restored. A child
/// of fork() has none of the threads: there a pool of more than one refuses its loops, and its end
/// waits for none.
class ThreadPool {
 public:
  /// kIo if the system gives no thread.
  explicit ThreadPool(int threads);
  ~ThreadPool();
  ThreadPool(const ThreadPool&) = delete;
  ThreadPool& operator=(const ThreadPool&) = delete;

  int threads() const;
  /// kInvalidArgument in a forked child, where a loop would wait for threads that are not there.
  void require_threads() const;

  /// Calls body(task, worker) for every task in [0, tasks), each exactly once, in no fixed order;
  /// worker is in [0, threads()) and no two calls at the same time share it. Returns when all are
  /// done. The first exception thrown by a body is rethrown here; the other tasks may be skipped.
  /// Errors: those of require_threads().
  template <typename Body>
  void parallel_for(size_t tasks, const Body& body) {
    run(tasks, &body, [](const void* context, size_t task, int worker) {
      (*static_cast<const Body*>(context))(task, worker);
    });
  }

 private:
  using Function = void (*)(const void* context, size_t task, int worker);
  void run(size_t tasks, const void* context, Function function);

  struct Impl;
  std::unique_ptr<Impl> impl_;
};

/// Flushes denormals to zero (inputs and results) on this thread while alive.
class ScopedFlushDenormals {
 public:
  ScopedFlushDenormals();
  ~ScopedFlushDenormals();
  ScopedFlushDenormals(const ScopedFlushDenormals&) = delete;
  ScopedFlushDenormals& operator=(const ScopedFlushDenormals&) = delete;

 private:
  unsigned long long saved_;
};

}  // namespace mobileclip

#endif  // MOBILECLIP_BASE_THREAD_POOL_H_
