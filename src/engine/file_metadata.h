/// `__metadata__` of this project's own files (docs/format.md).
#ifndef MOBILECLIP_ENGINE_FILE_METADATA_H_
#define MOBILECLIP_ENGINE_FILE_METADATA_H_

#include <map>
#include <string>

#include "checkpoint/checkpoint.h"
#include "config/model_config.h"

namespace mobileclip {

/// Variant and input contract.
std::map<std::string, std::string> describe(const ModelConfig& config);

/// kWrongModel, naming the difference, if a file of this project's states another input contract
/// than `config`.
void require_contract(const Checkpoint& own, const ModelConfig& config);

/// The variant that a file in inference form names, with the mean, std, interpolation and resize
/// that the file states where the variant is one of open_clip's. kUnsupported if it is unknown,
/// kWrongModel if the file states another input contract than the variant's.
ModelConfig described_variant(const Checkpoint& converted);

}  // namespace mobileclip

#endif  // MOBILECLIP_ENGINE_FILE_METADATA_H_
