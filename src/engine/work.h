/// How much arithmetic one item takes.
#ifndef MOBILECLIP_ENGINE_WORK_H_
#define MOBILECLIP_ENGINE_WORK_H_

#include <string>
#include <vector>

#include "config/model_config.h"

namespace mobileclip {

/// A part of a tower by the name the tower's probe gives it ("network.3", "transformer.0";
/// src/model), the last one, "head", is what follows them. Its GFLOP for one item in inference
/// form: twice the multiply-adds of all convolutions and matrix products with weights. The two
/// products inside attention, norms and activations are left out.
struct PartWork {
  std::string name;
  double gflop = 0;
};

/// In the order the parts run.
std::vector<PartWork> image_work(const ModelConfig& config);
/// For a text of `tokens` tokens, start and end included: a causal tower needs no position behind
/// the end, another one computes its whole context. All layers at all these positions, although the
/// last need only the chosen one.
std::vector<PartWork> text_work(const ModelConfig& config, int tokens);

double total_gflop(const std::vector<PartWork>& parts);

/// GFLOP of one image and of one text of full context.
struct Work {
  double image = 0;
  double text = 0;
};
Work work_per_item(const ModelConfig& config);

}  // namespace mobileclip

#endif  // MOBILECLIP_ENGINE_WORK_H_
