/// The MCi image encoder: MobileCLIP's variant of FastViT.
#ifndef MOBILECLIP_MODEL_MCI_H_
#define MOBILECLIP_MODEL_MCI_H_

#include <memory>
#include <variant>
#include <vector>

#include "config/model_config.h"
#include "layers/attention_block.h"
#include "layers/large_kernel.h"
#include "layers/mobileone.h"
#include "layers/rep_cpe.h"
#include "layers/repmixer.h"
#include "model/build_jobs.h"
#include "model/encoder.h"
#include "model/projection.h"

namespace mobileclip {

/// One entry of `network`: a stage's blocks, or what stands between two stages.
using MciBlockWeights =
    std::variant<RepMixerBlockWeights, PatchEmbedWeights, RepCpeWeights, AttentionBlockWeights>;

/// Training form, named as `image_encoder.model` (MobileCLIP, arXiv 2311.17049, section 4).
struct MciWeights {
  MciStemWeights stem;
  std::vector<std::vector<MciBlockWeights>> network;
  ConvExpWeights conv_exp;
  ProjectionWeights projection;
  static MciWeights read(const Scope& scope, const ModelConfig& config);
};

class Mci : public ImageEncoder {
 public:
  /// Adds its layers to `jobs`; usable once they have run. `weights` must live until then.
  Mci(const MciWeights& weights, const ModelConfig& config, BuildJobs& jobs);
  void encode(const RunContext& context, const float* pixels, size_t n, float* out,
              const Probe& probe) const override;

 private:
  using Block = std::variant<std::monostate, RepMixerBlock, PatchEmbed, RepCpe, AttentionBlock>;
  /// Parts [begin, end) of `network`.
  void run(const RunContext& context, size_t begin, size_t end, Features& features,
           const Probe& probe) const;

  size_t image_size_;
  size_t features_per_item_;  // of the largest activation
  std::unique_ptr<MciStem> stem_;
  std::vector<std::vector<Block>> network_;
  std::unique_ptr<ConvExp> conv_exp_;
  kernels::PackedMatrix projection_;
};

}  // namespace mobileclip

#endif  // MOBILECLIP_MODEL_MCI_H_
