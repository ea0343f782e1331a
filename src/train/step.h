/// Forward, loss and backward of one batch.
#ifndef MOBILECLIP_TRAIN_STEP_H_
#define MOBILECLIP_TRAIN_STEP_H_

#include "train/batch_loader.h"
#include "train/communicator.h"
#include "train/loss.h"
#include "train/towers.h"

namespace mobileclip::train {

struct StepOptions {
  LossOptions loss;
  int64_t micro_batches = 1;
  Precision precision = Precision::kFloat32;
  Mode mode = Mode::kTrain;
};

/// Values of the global batch's mean loss, by term; a term without weight is 0.
struct StepLoss {
  double total = 0;
  double clip_real = 0, distill_real = 0, clip_synthetic = 0, distill_synthetic = 0;
};

/// Adds the gradient of the global batch's loss to every parameter of this process (equal on all
/// of them). Real and synthetic captions go through one text forward, each distinct caption once.
/// With several micro-batches: GradCache (Gao et al., 2021): all embeddings without gradient, the
/// loss gradient on them, then each part again with that gradient injected; batch norms then see a
/// part at a time, and update once per part.
StepLoss compute_gradients(const Student& student, const Batch& batch, const StepOptions& options,
                           const Communicator& group);

}  // namespace mobileclip::train

#endif  // MOBILECLIP_TRAIN_STEP_H_
