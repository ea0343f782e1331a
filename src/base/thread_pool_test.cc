#include "base/thread_pool.h"

#include <gtest/gtest.h>
#include <sys/resource.h>
#include <unistd.h>

#include <atomic>
#include <fstream>
#include <functional>
#include <limits>
#include <memory>
#include <set>
#include <stdexcept>
#include <thread>
#include <vector>

#include "base/error.h"
#include "base/test_support.h"

namespace mobileclip {
namespace {

TEST(ThreadPool, EveryTaskRunsOnceAndWorkersDoNotOverlap) {
  for (const int threads : {1, 2, 4}) {
    ThreadPool pool(threads);
    EXPECT_EQ(pool.threads(), threads);
    for (int round = 0; round < 200; ++round) {
      std::vector<std::atomic<int>> runs(97);
      std::vector<std::atomic<int>> busy(static_cast<size_t>(threads));
      std::atomic<bool> overlap{false};
      pool.parallel_for(runs.size(), [&](size_t task, int worker) {
        if (busy[static_cast<size_t>(worker)]++ != 0) overlap = true;
        ++runs[task];
        --busy[static_cast<size_t>(worker)];
      });
      for (const auto& count : runs) ASSERT_EQ(count, 1);
      ASSERT_FALSE(overlap);
    }
    pool.parallel_for(0, [](size_t, int) { FAIL(); });
  }
}

TEST(ThreadPool, AnExceptionComesBackAndThePoolGoesOn) {
  ThreadPool pool(3);
  for (int round = 0; round < 50; ++round) {
    EXPECT_THROW(pool.parallel_for(20,
                                   [](size_t task, int) {
                                     if (task == 7) throw std::runtime_error("seven");
                                   }),
                 std::runtime_error);
    std::atomic<int> runs{0};
    pool.parallel_for(20, [&](size_t, int) { ++runs; });
    EXPECT_EQ(runs, 20);
  }
}

TEST(ThreadPool, ALoopInsideALoopStaysOnItsWorker) {
  ThreadPool pool(4);
  std::atomic<int> runs{0};
  std::atomic<bool> moved{false};
  pool.parallel_for(8, [&](size_t, int worker) {
    const auto thread = std::this_thread::get_id();
    pool.parallel_for(5, [&](size_t, int inner) {
      if (inner != worker || std::this_thread::get_id() != thread) moved = true;
      ++runs;
    });
  });
  EXPECT_EQ(runs, 40);
  EXPECT_FALSE(moved);
}

TEST(ThreadPool, TwoCallersTakeTurns) {
  ThreadPool pool(2);
  std::atomic<int> runs{0};
  const auto caller = [&] {
    for (int i = 0; i < 100; ++i) pool.parallel_for(10, [&](size_t, int) { ++runs; });
  };
  std::thread other(caller);
  caller();
  other.join();
  EXPECT_EQ(runs, 2000);
}

TEST(ThreadPool, DenormalsAreFlushedInsideAndTheModeIsRestored) {
  const volatile float tiny = std::numeric_limits<float>::denorm_min() * 8;
  const auto half = [&] { return tiny * 0.5f; };
  const float outside = half();
  EXPECT_GT(outside, 0);
  ThreadPool pool(2);
  std::atomic<int> nonzero{0};
  pool.parallel_for(16, [&](size_t, int) {
    if (half() != 0) ++nonzero;
  });
  EXPECT_EQ(nonzero, 0);
  EXPECT_EQ(half(), outside);
}

TEST(ThreadPool, AForkedChildIsRefusedAndDoesNotWait) {
  auto pool = std::make_unique<ThreadPool>(3);
  ThreadPool alone(1);
  const auto refused = [](ThreadPool& given, size_t tasks) {
    try {
      given.parallel_for(tasks, [](size_t, int) {});
    } catch (const Error& error) {
      return error.code() == ErrorCode::kInvalidArgument &&
             error.message().find("forked") != std::string::npos;
    }
    return false;
  };
  EXPECT_EQ(in_a_child<10>([&] {
              if (!refused(*pool, 20) || !refused(*pool, 1)) return 1;
              int runs = 0;
              alone.parallel_for(5, [&](size_t, int) { ++runs; });
              pool.reset();
              return runs == 5 ? 0 : 2;
            }),
            0);
  std::atomic<int> runs{0};
  pool->parallel_for(20, [&](size_t, int) { ++runs; });
  EXPECT_EQ(runs, 20) << "the parent goes on";
}

#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)

TEST(ThreadPool, TooFewThreadsAreAnError) {
  // Room for the stacks of some threads, but not of all.
  EXPECT_EQ(in_a_child<10>([] {
              size_t pages = 0;
              std::ifstream("/proc/self/statm") >> pages;
              const rlim_t room =
                  pages * static_cast<size_t>(::getpagesize()) + (rlim_t{100} << 20);
              const rlimit limit{room, room};
              if (::setrlimit(RLIMIT_AS, &limit) != 0) return 1;
              try {
                const ThreadPool pool(200);
              } catch (const Error& error) {
                return error.message().find("of 200") != std::string::npos ? 0 : 2;
              }
              return 3;
            }),
            0);
}

#endif

}  // namespace
}  // namespace mobileclip
