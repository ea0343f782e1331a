/// How far a transfer has come, to standard error.
#ifndef MOBILECLIP_CLI_PROGRESS_H_
#define MOBILECLIP_CLI_PROGRESS_H_

#include <chrono>
#include <cstdint>
#include <string>

namespace mobileclip::cli {

/// On a terminal one line that changes; elsewhere a line every ten seconds.
class Progress {
 public:
  explicit Progress(bool quiet);
  ~Progress();
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

  /// `have` bytes were here before; `total` is 0 if it is not known.
  void start(uint64_t have, uint64_t total);
  void update(uint64_t have, uint64_t total);
  /// Clears or ends the line, before anything else is said.
  void finish();

 private:
  using Clock = std::chrono::steady_clock;
  std::string text(uint64_t have, uint64_t total) const;

  bool quiet_, terminal_;
  bool line_open_ = false;
  uint64_t first_ = 0;
  Clock::time_point started_, shown_;
};

}  // namespace mobileclip::cli

#endif  // MOBILECLIP_CLI_PROGRESS_H_
