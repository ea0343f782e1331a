#include "cli/output.h"

#include <unistd.h>

#include <cerrno>

#include "base/error.h"

namespace mobileclip::cli {
namespace {

constexpr size_t kBuffer = size_t{1} << 16;

/// Writes all; the errno of a failure, or 0.
int write_all(int fd, std::string_view text) {
  while (!text.empty()) {
    const ssize_t n = ::write(fd, text.data(), text.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return errno;
    text.remove_prefix(static_cast<size_t>(n));
  }
  return 0;
}

}  // namespace

void Output::write(std::string_view text) {
  buffer_ += text;
  if (buffer_.size() >= kBuffer) flush();
}

void Output::line(std::string_view text) {
  write(text);
  write("\n");
}

void Output::flush() {
  const int error = write_all(STDOUT_FILENO, buffer_);
  buffer_.clear();
  if (error != 0) throw system_error("write to", "standard output", error);
}

void message(std::string_view text) {
  // Nothing can be done about a standard error that does not take it.
  static_cast<void>(write_all(STDERR_FILENO, "mobileclip: " + std::string(text) + "\n"));
}

}  // namespace mobileclip::cli
