/// The training loop.
#ifndef MOBILECLIP_TRAIN_TRAINER_H_
#define MOBILECLIP_TRAIN_TRAINER_H_

#include <atomic>
#include <functional>
#include <map>
#include <string>

#include "train/communicator.h"
#include "train/step.h"
#include "train/train_config.h"
#include "train/validate.h"

namespace mobileclip::train {

struct StepReport {
  int64_t step = 0, steps = 0;  ///< done, and in all
  StepLoss loss;
  double logit_scale = 0;  ///< exp(t)
  double learning_rate = 0, gradient_norm = 0;
  double seconds = 0;       ///< of this step, waiting for data included
  double data_seconds = 0;  ///< of it, waiting for data
};

/// Called from the training thread of rank 0 only.
struct Observer {
  std::function<void(const StepReport&)> on_step;
  std::function<void(int64_t step, const Accuracy&)> on_validation;
  std::function<void(const std::string&)> on_warning;
};

struct TrainResult {
  int64_t step = 0;
  bool finished = false;  ///< false: stopped early, a checkpoint was written
  std::string weights;    ///< the exported weights
  std::map<std::string, uint64_t> skipped;
};

/// Trains, or goes on from the newest whole checkpoint in `config.out`: weights after a stop and a
/// resume are bit-equal to those of a run that was not stopped, with the same number of torch
/// threads. `config.out` gets checkpoints/step_N.pt (the last three), metrics.jsonl, last.pt (the
/// weights, or their moving average) and, at the end, curves.svg. When `stop` becomes true the step
/// is finished, a checkpoint written, and the call returns. Errors: kNonFinite for a loss that is
/// not finite, before the weights change; kInvalidArgument for checkpoints of another
/// configuration; kNoSpace, kIo, kDamaged.
TrainResult train(const TrainConfig& config, const Communicator& group, const Observer& observer,
                  const std::atomic<bool>& stop);

}  // namespace mobileclip::train

#endif  // MOBILECLIP_TRAIN_TRAINER_H_
