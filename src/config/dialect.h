/// The one place that knows other naming dialects than ours.
#ifndef MOBILECLIP_CONFIG_DIALECT_H_
#define MOBILECLIP_CONFIG_DIALECT_H_

#include "checkpoint/scope.h"
#include "config/model_config.h"

namespace mobileclip {

/// How files of the variant name and store the tensors of our module tree; empty for Apple's files,
/// whose names are ours. `config` must outlive what is returned.
Dialect dialect_of(const ModelConfig& config);

}  // namespace mobileclip

#endif  // MOBILECLIP_CONFIG_DIALECT_H_
