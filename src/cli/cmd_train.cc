// train: a program of its own, which links libtorch.
#include <unistd.h>

#include <array>
#include <cerrno>
#include <filesystem>

#include "base/error.h"
#include "cli/command.h"

namespace mobileclip::cli {

void run_program(std::string_view name, const std::vector<std::string>& words) {
  std::error_code error;
  const std::filesystem::path self = std::filesystem::read_symlink("/proc/self/exe", error);
  const std::filesystem::path folder = self.parent_path();
  for (const std::filesystem::path& place :
       {folder / name, folder / ".." / "libexec" / "mobileclip" / name}) {
    if (!std::filesystem::exists(place, error)) continue;
    std::string program = place.string();
    std::vector<std::string> copies = words;
    std::vector<char*> arguments{program.data()};
    for (std::string& word : copies) arguments.push_back(word.data());
    arguments.push_back(nullptr);
    ::execv(program.c_str(), arguments.data());
    throw system_error("run", program, errno);
  }
  fail(ErrorCode::kUnsupported,
       "the trainer is not built: install libtorch-dev, libgloo-dev and libopenblas0-pthread and "
       "configure with -DMOBILECLIP_TRAIN=ON");
}

Command train_command() {
  return {"train", "--config FILE", "trains a model (needs libtorch; see docs/training.md)",
          {},      nullptr,         "mobileclip-train"};
}

}  // namespace mobileclip::cli
