/// Where in a file the model's state_dict may be.
#ifndef MOBILECLIP_CHECKPOINT_PREFIXES_H_
#define MOBILECLIP_CHECKPOINT_PREFIXES_H_

#include <string>
#include <vector>

#include "checkpoint/checkpoint.h"

namespace mobileclip {

/// Prefixes that all tensors of a map one level deep carry: "" for a flat file, "state_dict.",
/// "model.", …, each with "module." and "_orig_mod." stripped (in any order, repeatedly) when all
/// names of that map carry them. Never empty.
std::vector<std::string> candidate_prefixes(const Checkpoint& checkpoint);

}  // namespace mobileclip

#endif  // MOBILECLIP_CHECKPOINT_PREFIXES_H_
