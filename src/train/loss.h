/// The objective of multi-modal reinforced training (spec/training §1; Vasu et al., CVPR 2024,
/// §3.2).
#ifndef MOBILECLIP_TRAIN_LOSS_H_
#define MOBILECLIP_TRAIN_LOSS_H_

#include <torch/torch.h>

#include <cstdint>
#include <vector>

#include "train/options.h"

namespace mobileclip::train {

/// Rows of this process and of all processes; one process alone gives the same tensor twice.
struct Rows {
  torch::Tensor local;  ///< n × d
  torch::Tensor all;    ///< N × d
  Rows() = default;
  Rows(const torch::Tensor& everything) : local(everything), all(everything) {}  // NOLINT
  Rows(torch::Tensor mine, torch::Tensor everything)
      : local(std::move(mine)), all(std::move(everything)) {}
};

/// One pass: images against one kind of captions. Student rows have unit length; teacher rows hold
/// the teachers' unit vectors side by side and are undefined where w1 is 0.
struct PassInput {
  Rows image, text;
  Rows teacher_image, teacher_text;
  int64_t first_row = 0;  ///< of `local` in `all`
};

struct PassLoss {
  torch::Tensor clip;     ///< mean over the local rows, both directions; undefined if w0 is 0
  torch::Tensor distill;  ///< cross-entropy with the mean teacher; undefined if w1 is 0
  torch::Tensor total;    ///< w0 · clip + w1 · distill, differentiable
};

/// `scale` is exp(t), a scalar. Softmax and cross-entropy in the inputs' type (float32 or float64);
/// memory is a few n × N blocks per direction. kInvalidArgument if the teachers' dims do not add up
/// to the stored width.
PassLoss contrastive_pass(const PassInput& input, const torch::Tensor& scale,
                          const LossOptions& options);

/// Mean over the teachers of the rows' softmax(scale · A Xᵀ): n × N targets.
torch::Tensor teacher_targets(const torch::Tensor& rows, const torch::Tensor& columns,
                              const LossOptions& options);

}  // namespace mobileclip::train

#endif  // MOBILECLIP_TRAIN_LOSS_H_
