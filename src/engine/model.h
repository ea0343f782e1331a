/// A loaded model: immutable, shared by any number of sessions.
#ifndef MOBILECLIP_ENGINE_MODEL_H_
#define MOBILECLIP_ENGINE_MODEL_H_

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/thread_pool.h"
#include "checkpoint/checkpoint.h"
#include "config/model_config.h"
#include "engine/model_tokenizer.h"
#include "engine/recognise.h"
#include "engine/synthetic.h"
#include "image/preprocess.h"
#include "kernels/precision.h"

namespace mobileclip {

class Clip;
struct StoredTensor;

/// Which towers a load builds. The whole file is checked either way.
enum class Towers { kBoth, kImage, kText };

struct LoadOptions {
  std::string arch;  ///< variant name, or empty: recognised from all names and shapes
  Towers towers = Towers::kBoth;
  /// Packs the weights as a converted file holds them and lists them: stored_tensors().
  bool list = false;
  /// bfloat16: kUnsupported where the processor has no unit for it.
  kernels::Precision precision = kernels::Precision::kFloat32;
  /// SentencePiece model for networks that take one: see ModelTokenizer.
  std::string tokenizer = {};
};

/// Weights in inference form and all that is needed to use them. Thread-safe.
class Model {
 public:
  /// A file in inference form is used where it lies. Errors: those of Checkpoint and recognise();
  /// kDamaged for missing or unknown tensors of a file in inference form, for NaN, infinity or a
  /// negative variance in a weight, naming the tensor.
  static std::shared_ptr<const Model> load(const std::string& path, const LoadOptions& options,
                                           ThreadPool& pool);
  /// The same of a checkpoint that is open already.
  static std::shared_ptr<const Model> load(const Checkpoint& checkpoint, const LoadOptions& options,
                                           ThreadPool& pool);
  ~Model();

  /// The variant, with the input contract of the file or of the configuration beside it where they
  /// state one: see contract_is_stated().
  const ModelConfig& config() const { return config_; }
  bool contract_is_stated() const { return contract_is_stated_; }
  /// Variants that cannot be told apart by names and shapes, config() among them.
  const std::vector<std::string>& candidates() const { return candidates_; }
  PreprocessConfig preprocess() const;
  kernels::Precision precision() const { return precision_; }
  /// exp(logit_scale) of the file; at most 100 where there is no logit_bias.
  float logit_scale() const;
  /// Of a model loaded with its text tower.
  const ModelTokenizer& tokenizer() const;
  /// Of the file, 0 where the network has none: config().logit_bias.
  float logit_bias() const;
  /// One line per layer that was folded: "image_encoder.model.patch_embed.0: rbr_conv.0 + rbr_scale
  /// → conv 3x3".
  const std::vector<std::string>& folded_layers() const { return folded_; }
  const std::vector<std::string>& warnings() const { return warnings_; }
  /// With LoadOptions::list: every inference-form tensor; the bytes live as long as this.
  const std::vector<StoredTensor>& stored_tensors() const { return *stored_; }
  const Clip& clip() const { return *clip_; }

 private:
  Model() = default;
  ModelConfig config_;
  bool contract_is_stated_ = false;
  kernels::Precision precision_ = kernels::Precision::kFloat32;
  std::unique_ptr<const Clip> clip_;
  std::vector<std::string> candidates_;
  std::vector<std::string> folded_;
  std::vector<std::string> warnings_;
  std::shared_ptr<const std::vector<StoredTensor>> stored_;
  std::optional<ModelTokenizer> tokenizer_;
};

/// The input contract of a variant, as the preprocessor takes it.
PreprocessConfig preprocess_config(const ModelConfig& config);

/// Parameters of a tower as the published tables count them: training form without BN statistics.
struct ParameterCount {
  uint64_t image = 0;
  uint64_t text = 0;
};
ParameterCount count_parameters(const ModelConfig& config);

}  // namespace mobileclip

#endif  // MOBILECLIP_ENGINE_MODEL_H_
