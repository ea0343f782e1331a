// Runs a fuzz target over every file of a folder, in bounded time and memory.
#include <sys/resource.h>

#include <chrono>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <vector>

#include "target.h"

namespace {

// Under the address sanitizer on a busy machine; without either a file takes milliseconds.
constexpr double kMostSeconds = 20;
constexpr long kMostKilobytes = 1 << 20;

double replay(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  const std::vector<char> bytes{std::istreambuf_iterator<char>(file), {}};
  const auto started = std::chrono::steady_clock::now();
  LLVMFuzzerTestOneInput(reinterpret_cast<const uint8_t*>(bytes.data()), bytes.size());
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - started).count();
}

}  // namespace

int main(int argc, char** argv) {
  int files = 0;
  bool good = true;
  for (int i = 1; i < argc; ++i) {
    for (const auto& entry : std::filesystem::recursive_directory_iterator(argv[i])) {
      if (!entry.is_regular_file()) continue;
      const double seconds = replay(entry.path());
      ++files;
      if (seconds <= kMostSeconds) continue;
      std::printf("%s takes %.1f s\n", entry.path().c_str(), seconds);
      good = false;
    }
  }
  rusage usage{};
  ::getrusage(RUSAGE_SELF, &usage);
  if (usage.ru_maxrss > kMostKilobytes) {
    std::printf("%ld MiB of memory were used\n", usage.ru_maxrss / 1024);
    good = false;
  }
  std::printf("%d files replayed\n", files);
  return good && files > 0 ? 0 : 1;
}
