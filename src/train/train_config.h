/// A training run as data, read from JSON with strict keys.
#ifndef MOBILECLIP_TRAIN_TRAIN_CONFIG_H_
#define MOBILECLIP_TRAIN_TRAIN_CONFIG_H_

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "train/options.h"

namespace mobileclip::train {

enum class AugmentMode {
  kNone,    ///< the whole image
  kRandom,  ///< a fresh crop and operations for each visit
  kStored,  ///< one of the record's stored augmentations, with its embedding
};

enum class Precision { kFloat32, kBfloat16 };

struct AugmentOptions {
  AugmentMode mode = AugmentMode::kRandom;
  double scale_low = 0.9;  ///< of the random crop's area; the baseline's 0.9
  int ops = 0;             ///< RandAugment operations per visit
};

struct ValidationOptions {
  std::vector<std::string> shards;  ///< none: no validation
  int64_t every = 1000;             ///< steps
  std::vector<std::string> templates = {"{}"};
};

struct TrainConfig {
  std::string model;
  std::string out;  ///< folder of the run
  std::vector<std::string> shards;
  uint64_t seed = 0;
  int64_t steps = 1000, batch = 256;
  int64_t micro_batches = 1;  ///< GradCache accumulation: equal parts of this process's rows
  Schedule schedule;          ///< `total` is `steps`
  AdamWOptions adamw;         ///< eps ≤ 0 in JSON: by the model's name
  double grad_clip = 1;
  double init_scale = 1 / 0.07, max_scale = 100;
  double layer_scale = 1e-5;
  double ema = 0;  ///< decay; 0: none
  Precision precision = Precision::kFloat32;
  LossOptions loss;
  bool synthetic = true;  ///< a second pass with synthetic captions
  std::string synthetic_keys = "^syn_text.*$";
  AugmentOptions augment;
  ValidationOptions validation;
  size_t shuffle_buffer = 5000;
  int64_t workers = 2;
  int64_t checkpoint_every = 500, log_every = 20;

  /// Of all that decides the weights: a checkpoint of another configuration is not resumed. `out`,
  /// workers, logging and validation do not count; nor does `steps`' share in logging.
  uint64_t hash() const;
};

/// `overrides` are "key.path" → JSON value. Paths are taken as they stand.
/// kInvalidArgument names the key, the value and what is allowed; unknown keys are errors.
TrainConfig parse_train_config(const std::string& text, const std::string& name,
                               const std::map<std::string, std::string>& overrides);
/// The same from a file.
TrainConfig read_train_config(const std::string& path,
                              const std::map<std::string, std::string>& overrides);

}  // namespace mobileclip::train

#endif  // MOBILECLIP_TRAIN_TRAIN_CONFIG_H_
