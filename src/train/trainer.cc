#include "train/trainer.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <filesystem>
#include <optional>

#include "base/error.h"
#include "train/metrics.h"
#include "train/train_state.h"

namespace mobileclip::train {
namespace {

namespace fs = std::filesystem;

constexpr size_t kKept = 3;

double now() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

/// Moving averages of the trainable tensors; copies of the others.
class Average {
 public:
  Average(const Parameters& parameters, double decay) : parameters_(parameters), decay_(decay) {
    if (decay_ == 0) return;
    for (const NamedTensor& tensor : parameters.all()) {
      values_.push_back(tensor.value.detach().clone());
    }
  }
  void update() {
    const torch::NoGradGuard no_grad;
    for (size_t i = 0; i < values_.size(); ++i) {
      const NamedTensor& tensor = parameters_.all()[i];
      if (tensor.trainable) {
        values_[i].mul_(decay_).add_(tensor.value, 1 - decay_);
      } else {
        values_[i].copy_(tensor.value);
      }
    }
  }
  /// Exchanges averages and weights: before and after using the averages.
  void swap() {
    const torch::NoGradGuard no_grad;
    for (size_t i = 0; i < values_.size(); ++i) {
      const torch::Tensor keep = parameters_.all()[i].value.detach().clone();
      parameters_.all()[i].value.detach().copy_(values_[i]);
      values_[i].copy_(keep);
    }
  }
  const std::vector<torch::Tensor>& values() const { return values_; }

 private:
  const Parameters& parameters_;
  double decay_;
  std::vector<torch::Tensor> values_;
};

/// Checkpoint files of a run, newest first.
std::vector<fs::path> checkpoints(const fs::path& folder) {
  std::vector<fs::path> out;
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(folder, error)) {
    const std::string name = entry.path().filename().string();
    if (name.starts_with("step_") && name.ends_with(".pt")) out.push_back(entry.path());
  }
  std::ranges::sort(out, std::greater());
  return out;
}

class Run {
 public:
  Run(const TrainConfig& config, const Communicator& group, const Observer& observer)
      : config_(config),
        group_(group),
        observer_(observer),
        student_(*find_variant(config.model),
                 {config.seed, config.layer_scale, std::log(config.init_scale)}),
        optimizer_(student_.parameters(), config.adamw),
        average_(student_.parameters(), config.ema),
        folder_(fs::path(config.out) / "checkpoints") {
    if (config.batch % (group.size() * config.micro_batches) != 0) {
      fail(ErrorCode::kInvalidArgument,
           "batch is {}: a multiple of processes x micro_batches ({} x {}) is needed", config.batch,
           group.size(), config.micro_batches);
    }
    if (main()) fs::create_directories(folder_);
    if (!config.validation.shards.empty() && main()) {
      validator_.emplace(config.validation.shards, config.validation.templates, student_.config());
    }
  }

  TrainResult train(const std::atomic<bool>& stop) {
    resume();
    if (main()) metrics_.emplace(config_.out + "/metrics.jsonl", progress_.step);
    BatchLoader loader(config_, student_.config(), group_.rank(), group_.size(), progress_.cursor);
    bool stopped = false;
    while (progress_.step < config_.steps && !stopped) {
      step(loader);
      stopped = stop_requested(stop);
      const bool last = progress_.step == config_.steps;
      if (last || stopped || progress_.step % config_.checkpoint_every == 0) save();
      if (last || progress_.step % config_.validation.every == 0) validate();
    }
    TrainResult result{progress_.step, progress_.step == config_.steps, config_.out + "/last.pt",
                       loader.skipped()};
    if (main()) {
      save_weights(result.weights, student_.parameters(), average_.values());
      if (result.finished)
        write_curves(config_.out + "/metrics.jsonl", config_.out + "/curves.svg");
    }
    return result;
  }

 private:
  bool main() const { return group_.rank() == 0; }
  void warn(const std::string& text) const {
    if (main() && observer_.on_warning) observer_.on_warning(text);
  }

  void resume() {
    progress_.config_hash = config_.hash();
    progress_.seed = config_.seed;
    for (const fs::path& path : checkpoints(folder_)) {
      Progress found;
      try {
        found = load_state(path.string(), student_.parameters(), optimizer_, average_.values());
      } catch (const Error& error) {
        warn(fmt::format("{}; falling back to the one before", error.message()));
        continue;
      }
      if (found.config_hash != progress_.config_hash) {
        fail(ErrorCode::kInvalidArgument,
             "{} was made with another configuration: give another out folder", path.string());
      }
      progress_ = found;
      return;
    }
    if (!checkpoints(folder_).empty()) {
      fail(ErrorCode::kDamaged, "every checkpoint in {} is damaged", folder_.string());
    }
  }

  void step(BatchLoader& loader) {
    const double begin = now();
    const Batch batch = loader.next();
    const double ready = now();
    const double rate = config_.schedule.at(progress_.step);
    optimizer_.zero_gradients();
    const StepLoss loss = compute_gradients(
        student_, batch, {config_.loss, config_.micro_batches, config_.precision, Mode::kTrain},
        group_);
    if (!std::isfinite(loss.total)) {
      fail(ErrorCode::kNonFinite,
           "the loss is not finite at step {}: the weights of the last checkpoint are kept; try a "
           "lower lr or a longer warmup",
           progress_.step);
    }
    const double norm = optimizer_.clip_gradients(config_.grad_clip);
    if (!std::isfinite(norm)) {
      fail(ErrorCode::kNonFinite, "a gradient is not finite at step {}", progress_.step);
    }
    optimizer_.update(rate);
    const torch::Tensor t = student_.logit_scale().detach();
    t.clamp_(0, std::log(config_.max_scale));
    average_.update();
    ++progress_.step;
    progress_.cursor = batch.next;
    StepReport report{progress_.step, config_.steps, loss,          std::exp(t.item<double>()),
                      rate,           norm,          now() - begin, ready - begin};
    if (!main()) return;
    if (progress_.step % config_.log_every == 0 || progress_.step == config_.steps) {
      metrics_->step(report);
    }
    if (observer_.on_step) observer_.on_step(report);
  }

  bool stop_requested(const std::atomic<bool>& stop) const {
    if (group_.size() == 1) return stop.load();
    const torch::Tensor any = torch::full({}, stop.load() ? 1 : 0, torch::kInt64);
    group_.all_reduce_sum(any);
    return any.item<int64_t>() > 0;
  }

  void save() {
    if (main()) {
      const fs::path path = folder_ / fmt::format("step_{:08}.pt", progress_.step);
      save_state(path.string(), student_.parameters(), optimizer_, average_.values(), progress_);
      const std::vector<fs::path> all = checkpoints(folder_);
      for (size_t i = kKept; i < all.size(); ++i) fs::remove(all[i]);
    }
    group_.barrier();
  }

  void validate() {
    if (!validator_) return;
    average_.swap();
    const Accuracy accuracy = validator_->run(student_);
    average_.swap();
    metrics_->validation(progress_.step, accuracy);
    if (observer_.on_validation) observer_.on_validation(progress_.step, accuracy);
  }

  const TrainConfig& config_;
  const Communicator& group_;
  const Observer& observer_;
  Student student_;
  AdamW optimizer_;
  Average average_;
  fs::path folder_;
  Progress progress_;
  std::optional<Validator> validator_;
  std::optional<Metrics> metrics_;
};

}  // namespace

TrainResult train(const TrainConfig& config, const Communicator& group, const Observer& observer,
                  const std::atomic<bool>& stop) {
  try {
    return Run(config, group, observer).train(stop);
  } catch (const c10::Error& error) {
    fail(ErrorCode::kInternal, "libtorch: {}", error.what_without_backtrace());
  } catch (const fs::filesystem_error& error) {
    throw system_error("write", error.path1().string(), error.code().value());
  }
}

}  // namespace mobileclip::train
