/// RepMixer: token mixing that folds to one depthwise convolution.
#ifndef MOBILECLIP_REPARAM_REP_MIXER_H_
#define MOBILECLIP_REPARAM_REP_MIXER_H_

#include <string>

#include "reparam/mobileone.h"

namespace mobileclip {

/// y = x + layer_scale · (mixer(x) − norm(x)) (FastViT, arXiv 2303.14189, section 3.2).
struct RepMixerWeights {
  std::string path;
  Weight layer_scale;
  MobileOneWeights norm, mixer;
  /// `kh` × `kw` depthwise; the 1×1 "scale" branch exists only where both are > 1.
  static RepMixerWeights read(const Scope& scope, size_t channels, size_t kh, size_t kw);
};

/// identity + layer_scale · (mixer − norm), one depthwise convolution.
FoldedConv fold(const RepMixerWeights& weights);

}  // namespace mobileclip

#endif  // MOBILECLIP_REPARAM_REP_MIXER_H_
