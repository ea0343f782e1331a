/// What the tests of this folder share: a run's configuration.
#ifndef MOBILECLIP_TRAIN_TEST_SUPPORT_H_
#define MOBILECLIP_TRAIN_TEST_SUPPORT_H_

#include <string>

#include "data/test_support.h"
#include "train/train_config.h"

namespace mobileclip::train {

inline TrainConfig shape_config(const std::string& shards) {
  TrainConfig config;
  config.model = "mobileclip_nano";
  config.out = fresh_folder("run");
  config.shards = expand_shards(shards);
  config.seed = 7;
  config.steps = 6;
  config.batch = 8;
  config.schedule = {.base = 1e-3, .floor = 0, .warmup = 2, .total = 6};
  config.init_scale = 10;
  config.layer_scale = 0.2;
  config.checkpoint_every = 100;
  return config;
}

}  // namespace mobileclip::train

#endif  // MOBILECLIP_TRAIN_TEST_SUPPORT_H_
