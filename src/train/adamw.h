/// AdamW with decoupled weight decay, its schedule and gradient clipping.
#ifndef MOBILECLIP_TRAIN_ADAMW_H_
#define MOBILECLIP_TRAIN_ADAMW_H_

#include <torch/torch.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "train/options.h"
#include "train/parameters.h"

namespace mobileclip::train {

/// False for tensors of fewer than two dimensions and for names that contain "bn", "ln", "bias" or
/// "logit_scale", as open_clip groups them.
bool decays(std::string_view name, int64_t dimensions);

/// One pass over each tensor per step; the result of a step does not depend on the number of
/// threads. Not thread-safe.
class AdamW {
 public:
  struct Slot {
    std::string name;
    torch::Tensor value;          ///< float32, contiguous
    torch::Tensor first, second;  ///< moments
    bool decay = false;
  };

  AdamW(const Parameters& parameters, const AdamWOptions& options);

  void zero_gradients();
  /// Global L2 norm of all gradients; scales them down to `limit` if it is larger (limit > 0).
  double clip_gradients(double limit);
  /// A tensor without gradient is left as it is. `step()` counts from 1 afterwards.
  void update(double learning_rate);

  int64_t step() const { return step_; }
  void set_step(int64_t step) { step_ = step; }
  const std::vector<Slot>& slots() const { return slots_; }

 private:
  AdamWOptions options_;
  std::vector<Slot> slots_;
  int64_t step_ = 0;
};

}  // namespace mobileclip::train

#endif  // MOBILECLIP_TRAIN_ADAMW_H_
