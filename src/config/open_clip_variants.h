/// The rows of open_clip's models; variants() has them after those of Apple's dialect.
#ifndef MOBILECLIP_CONFIG_OPEN_CLIP_VARIANTS_H_
#define MOBILECLIP_CONFIG_OPEN_CLIP_VARIANTS_H_

#include "config/model_config.h"

namespace mobileclip {

std::span<const ModelConfig> open_clip_variants();

}  // namespace mobileclip

#endif  // MOBILECLIP_CONFIG_OPEN_CLIP_VARIANTS_H_
