// Loads a model N times in fresh processes and prints the median milliseconds and the largest
// resident set: for the benchmarks. Not installed.
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <vector>

#include "engine/model.h"

namespace {

/// Milliseconds, or a negative number if it failed.
double load_once(const char* path, int threads) {
  try {
    const auto begin = std::chrono::steady_clock::now();
    mobileclip::ThreadPool pool(threads);
    const auto model = mobileclip::Model::load(path, {}, pool);
    const std::chrono::duration<double, std::milli> taken =
        std::chrono::steady_clock::now() - begin;
    return taken.count();
  } catch (const std::exception& error) {
    std::fprintf(stderr, "mobileclip_load: %s\n", error.what());
    return -1;
  }
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 3 && argc != 4) {
    std::fprintf(stderr, "usage: mobileclip_load FILE TIMES [THREADS]\n");
    return 2;
  }
  const int threads = argc == 4 ? std::atoi(argv[3]) : mobileclip::available_cores();
  std::vector<double> times;
  for (int i = 0; i < std::atoi(argv[2]); ++i) {
    int ends[2];
    if (::pipe(ends) != 0) return 1;
    const pid_t child = ::fork();
    if (child == 0) {
      const double taken = load_once(argv[1], threads);
      const bool told = ::write(ends[1], &taken, sizeof taken) == sizeof taken;
      ::_exit(told && taken >= 0 ? 0 : 1);
    }
    double taken = -1;
    const bool heard = ::read(ends[0], &taken, sizeof taken) == sizeof taken;
    int status = 0;
    ::waitpid(child, &status, 0);
    ::close(ends[0]);
    ::close(ends[1]);
    if (!heard || status != 0) return 1;
    times.push_back(taken);
  }
  if (times.empty()) return 2;
  std::sort(times.begin(), times.end());
  rusage usage{};
  ::getrusage(RUSAGE_CHILDREN, &usage);
  std::printf("%.1f ms, %ld MiB\n", times[times.size() / 2], usage.ru_maxrss / 1024);
  return 0;
}
