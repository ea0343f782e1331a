/// How much arithmetic one item takes.
#ifndef MOBILECLIP_ENGINE_WORK_H_
#define MOBILECLIP_ENGINE_WORK_H_

#include "config/model_config.h"

namespace mobileclip {

/// GFLOP of one image and of one text of full context, in inference form: twice the multiply-adds
/// of all convolutions and matrix products with weights. The two products inside attention, norms
/// and activations are left out.
struct Work {
  double image = 0;
  double text = 0;
};
Work work_per_item(const ModelConfig& config);

}  // namespace mobileclip

#endif  // MOBILECLIP_ENGINE_WORK_H_
