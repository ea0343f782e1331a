/// A sum of batch-normalised branches and its activation in few passes over memory.
#ifndef MOBILECLIP_TRAIN_NORM_SUM_H_
#define MOBILECLIP_TRAIN_NORM_SUM_H_

#include <torch/torch.h>

#include <vector>

#include "train/blocks.h"

namespace mobileclip::train {

/// One term: sign · BN(x).
struct NormTerm {
  torch::Tensor x;  ///< N × C × H × W
  const BatchNorm* norm = nullptr;
  float sign = 1;
};

/// f(Σ sign · BN(x)), f = GELU or the identity; running statistics are updated as torch's
/// batch_norm does. Up to four terms of one shape. float32 through our kernels, other types through
/// torch. Equal bits for any number of threads.
torch::Tensor norm_sum(const std::vector<NormTerm>& terms, Mode mode, bool gelu);

/// The same from torch's own operations: the plain twin.
torch::Tensor norm_sum_reference(const std::vector<NormTerm>& terms, Mode mode, bool gelu);

}  // namespace mobileclip::train

#endif  // MOBILECLIP_TRAIN_NORM_SUM_H_
