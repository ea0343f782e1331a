#include "base/thread_pool.h"

#include <pthread.h>
#include <sched.h>

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <exception>
#include <mutex>
#include <system_error>
#include <thread>
#include <vector>

#include "base/error.h"

#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace mobileclip {

int available_cores() {
  cpu_set_t set;
  CPU_ZERO(&set);
  if (sched_getaffinity(0, sizeof set, &set) == 0) return std::max(1, CPU_COUNT(&set));
  return std::max(1, static_cast<int>(std::thread::hardware_concurrency()));
}

#if defined(__x86_64__)
ScopedFlushDenormals::ScopedFlushDenormals() : saved_(_mm_getcsr()) {
  _mm_setcsr(static_cast<unsigned>(saved_) | 0x8040u);  // FTZ | DAZ
}
ScopedFlushDenormals::~ScopedFlushDenormals() { _mm_setcsr(static_cast<unsigned>(saved_)); }
#elif defined(__aarch64__)
ScopedFlushDenormals::ScopedFlushDenormals() : saved_(0) {
  asm volatile("mrs %0, fpcr" : "=r"(saved_));
  asm volatile("msr fpcr, %0" ::"r"(saved_ | (1ull << 24)));
}
ScopedFlushDenormals::~ScopedFlushDenormals() { asm volatile("msr fpcr, %0" ::"r"(saved_)); }
#else
ScopedFlushDenormals::ScopedFlushDenormals() : saved_(0) {}
ScopedFlushDenormals::~ScopedFlushDenormals() = default;
#endif

namespace {

// A loop follows the last one within microseconds, so workers spin this often before they sleep.
constexpr int kSpins = 4000;

void pause() {
#if defined(__x86_64__)
  _mm_pause();
#endif
}

// The worker number of the loop this thread is inside, or -1.
thread_local int current_worker = -1;

// How often the process was forked on the way to this one. Cheaper to ask than getpid().
std::atomic<unsigned> forks{0};

unsigned count_forks() {
  static const int registered = ::pthread_atfork(nullptr, nullptr, [] { ++forks; });
  static_cast<void>(registered);  // fails for lack of memory only
  return forks.load(std::memory_order_relaxed);
}

}  // namespace

struct ThreadPool::Impl {
  std::mutex turn;  // held by the caller whose loop is running
  std::mutex mutex;
  std::condition_variable wake;
  std::vector<std::thread> workers;
  const unsigned born = count_forks();

  bool forked() const { return forks.load(std::memory_order_relaxed) != born; }

  // The loop; written before `generation` is raised, read after it is seen.
  Function function = nullptr;
  const void* context = nullptr;
  size_t tasks = 0;
  std::atomic<size_t> next{0};
  std::atomic<uint64_t> generation{0};
  std::atomic<int> busy{0};  // workers that have not yet finished this generation
  std::atomic<bool> stop{false};
  std::atomic<bool> failed{false};
  std::exception_ptr error;
  std::mutex error_mutex;

  void work(int worker) {
    current_worker = worker;
    const ScopedFlushDenormals flush;
    for (;;) {
      const size_t task = next.fetch_add(1, std::memory_order_relaxed);
      if (task >= tasks || failed.load(std::memory_order_relaxed)) break;
      try {
        function(context, task, worker);
      } catch (...) {
        const std::lock_guard lock(error_mutex);
        if (!error) error = std::current_exception();
        failed = true;
      }
    }
    current_worker = -1;
  }

  /// Ends the threads that were started.
  void join() {
    {
      const std::lock_guard lock(mutex);
      stop = true;
      generation.fetch_add(1, std::memory_order_release);
    }
    wake.notify_all();
    for (std::thread& worker : workers) worker.join();
  }

  void worker_main(int worker) {
    uint64_t seen = 0;
    for (;;) {
      for (int i = 0; i < kSpins && generation.load(std::memory_order_acquire) == seen; ++i)
        pause();
      if (generation.load(std::memory_order_acquire) == seen) {
        std::unique_lock lock(mutex);
        wake.wait(lock, [&] { return generation.load(std::memory_order_acquire) != seen; });
      }
      seen = generation.load(std::memory_order_acquire);
      if (stop) return;
      work(worker);
      busy.fetch_sub(1, std::memory_order_release);
    }
  }
};

ThreadPool::ThreadPool(int threads) : impl_(std::make_unique<Impl>()) {
  if (threads > 1) impl_->workers.reserve(static_cast<size_t>(threads) - 1);
  try {
    for (int worker = 1; worker < threads; ++worker) {
      impl_->workers.emplace_back([impl = impl_.get(), worker] { impl->worker_main(worker); });
    }
  } catch (const std::system_error& error) {
    const size_t running = impl_->workers.size() + 1;
    impl_->join();
    fail(ErrorCode::kIo, "cannot start thread {} of {}: {}", running + 1, threads,
         error.code().message());
  } catch (...) {
    impl_->join();
    throw;
  }
}

ThreadPool::~ThreadPool() {
  if (impl_->workers.empty()) return;
  if (impl_->forked()) {
    // To join would be to wait for ever, and so would be the end of `wake`: all stays as it is.
    static_cast<void>(impl_.release());
    return;
  }
  impl_->join();
}

int ThreadPool::threads() const { return static_cast<int>(impl_->workers.size()) + 1; }

void ThreadPool::require_threads() const {
  if (impl_->workers.empty() || !impl_->forked()) return;
  fail(ErrorCode::kInvalidArgument,
       "this process was forked from the one that started the {} threads, and they stayed behind: "
       "load the model in each process, or with 1 thread",
       threads());
}

void ThreadPool::run(size_t tasks, const void* context, Function function) {
  require_threads();
  if (tasks == 0) return;
  Impl& impl = *impl_;
  if (current_worker >= 0 || impl.workers.empty() || tasks == 1) {
    const ScopedFlushDenormals flush;
    const int worker = std::max(0, current_worker);
    for (size_t task = 0; task < tasks; ++task) function(context, task, worker);
    return;
  }
  const std::lock_guard turn(impl.turn);
  impl.function = function;
  impl.context = context;
  impl.tasks = tasks;
  impl.next.store(0, std::memory_order_relaxed);
  impl.failed = false;
  impl.error = nullptr;
  impl.busy.store(static_cast<int>(impl.workers.size()), std::memory_order_relaxed);
  {
    const std::lock_guard lock(impl.mutex);
    impl.generation.fetch_add(1, std::memory_order_release);
  }
  impl.wake.notify_all();
  impl.work(0);
  for (int i = 0; impl.busy.load(std::memory_order_acquire) != 0; ++i) {
    if (i < kSpins) {
      pause();
    } else {
      std::this_thread::yield();
    }
  }
  if (impl.error) std::rethrow_exception(impl.error);
}

}  // namespace mobileclip
