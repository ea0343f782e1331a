// train: a run described by a configuration file.
#include <ATen/Parallel.h>
#include <fmt/format.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <csignal>
#include <cstdio>

#include "cli/command.h"
#include "train/trainer.h"
#include "traincli/train_command.h"

namespace mobileclip::cli {
namespace {

std::atomic<bool> stop_flag{false};

void on_signal(int) { stop_flag.store(true); }

/// key=value words.
std::map<std::string, std::string> overrides_of(const Arguments& arguments) {
  std::map<std::string, std::string> out;
  for (const std::string& word : arguments.all("set")) {
    const size_t equals = word.find('=');
    if (equals == std::string::npos || equals == 0) {
      throw UsageError(fmt::format("--set {}: KEY=VALUE is needed", quote(word)));
    }
    out[word.substr(0, equals)] = word.substr(equals + 1);
  }
  return out;
}

/// One line on a terminal, renewed; else a line every ten seconds.
class ProgressLine {
 public:
  explicit ProgressLine(int64_t batch, bool quiet)
      : batch_(batch), quiet_(quiet), terminal_(isatty(STDERR_FILENO) == 1) {}

  void step(const train::StepReport& r) {
    average_ = average_ == 0 ? r.seconds : 0.95 * average_ + 0.05 * r.seconds;
    const auto time = std::chrono::steady_clock::now();
    const auto pause = std::chrono::milliseconds(terminal_ ? 200 : 10000);
    if (quiet_ || (r.step != r.steps && time - shown_ < pause)) return;
    shown_ = time;
    const auto left = static_cast<int64_t>(average_ * static_cast<double>(r.steps - r.step));
    const std::string text = fmt::format(
        "step {}/{}  loss {:.4f} (clip {:.3f}+{:.3f}, distill {:.3f}+{:.3f})  scale {:.1f}  lr "
        "{:.2e}  {:.0f} images/s  {}:{:02}:{:02} left",
        r.step, r.steps, r.loss.total, r.loss.clip_real, r.loss.clip_synthetic, r.loss.distill_real,
        r.loss.distill_synthetic, r.logit_scale, r.learning_rate,
        static_cast<double>(batch_) / average_, left / 3600, left / 60 % 60, left % 60);
    std::fputs((terminal_ ? "\r\033[K" + text : text + "\n").c_str(), stderr);
    open_ = terminal_;
  }
  void line(const std::string& text) {
    if (open_) std::fputs("\n", stderr);
    open_ = false;
    message(text);
  }

 private:
  int64_t batch_;
  bool quiet_, terminal_, open_ = false;
  double average_ = 0;
  std::chrono::steady_clock::time_point shown_;
};

ExitCode run(const Arguments& arguments, Output& out) {
  const Settings settings = settings_of(arguments);
  if (!arguments.positional().empty() || !arguments.has("config")) {
    throw UsageError("train needs --config FILE and no other argument");
  }
  std::map<std::string, std::string> overrides = overrides_of(arguments);
  if (arguments.has("output")) overrides["out"] = fmt::format("\"{}\"", arguments.one("output"));
  const train::TrainConfig config = train::read_train_config(arguments.one("config"), overrides);
  at::set_num_threads(settings.threads);
  std::signal(SIGINT, on_signal);
  std::signal(SIGTERM, on_signal);
  const train::Communicator group = train::Communicator::from_environment();
  ProgressLine progress(config.batch, settings.quiet);
  train::Observer observer;
  observer.on_step = [&](const train::StepReport& report) { progress.step(report); };
  observer.on_validation = [&](int64_t step, const train::Accuracy& a) {
    progress.line(fmt::format(
        "step {}: top-1 {:.2f} %, top-5 {:.2f} % over {} classes; text to image {:.2f} %, {:.2f} %",
        step, 100 * a.top1, 100 * a.top5, a.classes, 100 * a.text_to_image1,
        100 * a.text_to_image5));
  };
  observer.on_warning = [&](const std::string& text) { progress.line("warning: " + text); };
  const train::TrainResult result = train::train(config, group, observer, stop_flag);
  for (const auto& [why, count] : result.skipped) {
    progress.line(fmt::format("{} records left out: {}", count, why));
  }
  if (group.rank() == 0) {
    progress.line(result.finished ? "finished" : "stopped; the same command goes on from here");
    out.line(result.weights);
  }
  return result.finished ? kOk : kFailure;
}

}  // namespace

Command trainer_command() {
  return {"train",
          "--config FILE",
          "trains a model; started again, it goes on from the newest checkpoint",
          {{"config", '\0', Arity::kOne, "FILE", "JSON, as docs/training.md describes"},
           {"output", 'o', Arity::kOne, "DIR", "the run's folder, instead of the configuration's"},
           {"set", '\0', Arity::kEach, "KEY=VALUE", "overrides one value, e.g. --set steps=100"}},
          run};
}

}  // namespace mobileclip::cli
