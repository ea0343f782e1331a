/// Which variant a checkpoint is.
#ifndef MOBILECLIP_ENGINE_RECOGNISE_H_
#define MOBILECLIP_ENGINE_RECOGNISE_H_

#include <string>
#include <vector>

#include "checkpoint/checkpoint.h"
#include "config/model_config.h"

namespace mobileclip {

/// What recognition found: exactly one network, and every variant name that shares it.
struct Recognised {
  const ModelConfig* config = nullptr;  ///< the row of the table
  /// The same with what the file itself, or the configuration beside it, says of its pixels.
  ModelConfig effective;
  bool contract_is_stated = false;      ///< `effective` has that from there, not from the table
  std::vector<std::string> candidates;  ///< e.g. mobileclip_b, mobileclip_blt
  std::string prefix;                   ///< what every tensor name carries, e.g. "state_dict."
};

/// Recognises the variant from all names and shapes. Errors: kWrongModel, listing every missing,
/// unexpected and mis-shaped tensor against `arch` or, without one, against the nearest variant, in
/// one message; kUnsupported for a file folded by another tool, naming its first folded tensor;
/// kInvalidArgument for an `arch` that is no variant, and without one for a file that fits several
/// networks, naming them; kUnsupported if the configuration beside it contradicts what fits.
Recognised recognise(const Checkpoint& checkpoint, const std::string& arch = "");

/// The variant of that name. kInvalidArgument listing the known ones if there is none.
const ModelConfig& require_variant(const std::string& name);

}  // namespace mobileclip

#endif  // MOBILECLIP_ENGINE_RECOGNISE_H_
