#include "cli/machine.h"

#include <fmt/chrono.h>

#include <ctime>
#include <fstream>
#include <sstream>

namespace mobileclip::cli {

std::string processor_name() {
  std::ifstream file("/proc/cpuinfo");
  for (std::string line; std::getline(file, line);) {
    if (!line.starts_with("model name")) continue;
    std::istringstream words(line.substr(line.find(':') + 1));
    std::string out;
    for (std::string word; words >> word;) out += (out.empty() ? "" : " ") + word;
    return out;
  }
  return "";
}

std::string today() { return fmt::format("{:%Y-%m-%d}", fmt::gmtime(std::time(nullptr))); }

}  // namespace mobileclip::cli
