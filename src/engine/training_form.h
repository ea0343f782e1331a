/// Training-form checkpoints with all branches, in their own dialect or in the other one.
#ifndef MOBILECLIP_ENGINE_TRAINING_FORM_H_
#define MOBILECLIP_ENGINE_TRAINING_FORM_H_

#include <string>

#include "base/thread_pool.h"
#include "checkpoint/checkpoint.h"
#include "config/model_config.h"

namespace mobileclip {

struct TrainingFormOptions {
  std::string arch;     ///< variant name, or empty: recognised
  std::string dialect;  ///< "mobileclip" or "open_clip"; empty: the file's own
  /// Also where the dialects are two networks that give different embeddings (MobileCLIP-B).
  bool force = false;
};

/// The variant whose files in `dialect` hold the same weights as those of `config`; null if there
/// is none.
const ModelConfig* counterpart(const ModelConfig& config, const std::string& dialect);

/// Writes the tensors of a checkpoint of a known variant as safetensors: values unchanged, element
/// types too (int8 rows are widened), names and shapes as the dialect has them. Returns the variant
/// written. Errors: those of Model::load for the input; kUnsupported for one in inference form, for
/// a variant that exists in its own dialect only, for MobileCLIP-B without `force` (naming the two
/// differences) and for an image projection with a bias that is not zero where the dialect has no
/// place for it; kIo, kNoSpace.
const ModelConfig& write_training_form(const Checkpoint& from, const std::string& to,
                                       const TrainingFormOptions& options, ThreadPool& pool);

}  // namespace mobileclip

#endif  // MOBILECLIP_ENGINE_TRAINING_FORM_H_
