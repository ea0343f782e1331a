// The program behind `mobileclip train`.
#include <csignal>

#include "cli/border.h"
#include "cli/help.h"
#include "traincli/train_command.h"

int main(int argc, char** argv) {
  using namespace mobileclip::cli;
  std::signal(SIGPIPE, SIG_IGN);
  std::signal(SIGXFSZ, SIG_IGN);
  const std::vector<std::string> words(argv + 1, argv + argc);
  return guarded([&](Output& out) { return run_command(trainer_command(), words, out); });
}
