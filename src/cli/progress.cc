#include "cli/progress.h"

#include <fmt/core.h>
#include <unistd.h>

#include <string_view>

#include "cli/output.h"

namespace mobileclip::cli {
namespace {

constexpr std::chrono::milliseconds kTerminalInterval{200};
constexpr std::chrono::seconds kLineInterval{10};
constexpr double kMega = 1e6;

void to_terminal(std::string_view text) {
  // Nothing can be done about a terminal that does not take it.
  static_cast<void>(!::write(STDERR_FILENO, text.data(), text.size()));
}

}  // namespace

Progress::Progress(bool quiet) : quiet_(quiet), terminal_(::isatty(STDERR_FILENO) == 1) {}

Progress::~Progress() { finish(); }

void Progress::start(uint64_t have, uint64_t total) {
  first_ = have;
  started_ = Clock::now();
  shown_ = terminal_ ? started_ - kTerminalInterval : started_;
  update(have, total);
}

void Progress::update(uint64_t have, uint64_t total) {
  if (quiet_) return;
  const Clock::time_point now = Clock::now();
  if (terminal_) {
    if (now - shown_ < kTerminalInterval) return;
    to_terminal("\r\033[K" + text(have, total));
    line_open_ = true;
  } else {
    if (now - shown_ < kLineInterval) return;
    message(text(have, total));
  }
  shown_ = now;
}

void Progress::finish() {
  if (line_open_) to_terminal("\r\033[K");
  line_open_ = false;
}

std::string Progress::text(uint64_t have, uint64_t total) const {
  const double seconds = std::chrono::duration<double>(Clock::now() - started_).count();
  const double rate = seconds > 0 ? static_cast<double>(have - first_) / seconds : 0;
  std::string out = fmt::format("{:.1f} MB", static_cast<double>(have) / kMega);
  if (total > 0) {
    out += fmt::format(" of {:.1f} MB ({:.0f} %)", static_cast<double>(total) / kMega,
                       100.0 * static_cast<double>(have) / static_cast<double>(total));
  }
  if (rate <= 0) return out;
  out += fmt::format(", {:.1f} MB/s", rate / kMega);
  if (total > have) out += fmt::format(", {:.0f} s left", static_cast<double>(total - have) / rate);
  return out;
}

}  // namespace mobileclip::cli
