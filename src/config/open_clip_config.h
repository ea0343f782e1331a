/// open_clip_config.json: what lies beside open_clip's weights and says what they do not.
#ifndef MOBILECLIP_CONFIG_OPEN_CLIP_CONFIG_H_
#define MOBILECLIP_CONFIG_OPEN_CLIP_CONFIG_H_

#include <array>
#include <optional>
#include <string>
#include <string_view>

#include "config/model_config.h"

namespace mobileclip {

/// The facts of the file that matter here; what it does not state is empty.
struct OpenClipConfig {
  std::optional<ActivationKind> activation;  ///< model_cfg.quick_gelu; GELU where it is not there
  std::optional<bool> causal;                ///< not model_cfg.text_cfg.no_causal_mask
  std::optional<int> image_size;             ///< preprocess_cfg.size
  std::optional<std::array<float, 3>> mean, std;
  std::optional<InterpolationKind> interpolation;
  std::optional<ResizeKind> resize;

  /// Whether preprocess_cfg says anything.
  bool has_contract() const { return mean || std || interpolation || resize; }
  /// Empty if nothing contradicts the variant, else what does, as part of a sentence.
  std::string contradiction(const ModelConfig& config) const;
  /// `config` with the file's preprocess_cfg.
  ModelConfig applied_to(ModelConfig config) const;
};

/// Empty for an empty text. kDamaged for what is no JSON object or has a value of another type or
/// kind than open_clip writes; `beside` names the weights in the sentence.
std::optional<OpenClipConfig> parse_open_clip_config(std::string_view text,
                                                     std::string_view beside);

}  // namespace mobileclip

#endif  // MOBILECLIP_CONFIG_OPEN_CLIP_CONFIG_H_
