// Any bytes as the configuration of a training run; what is accepted keeps the documented bounds.
#include "target.h"
#include "train/train_config.h"

using mobileclip::fuzz::require;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  try {
    const auto config =
        mobileclip::train::parse_train_config(mobileclip::fuzz::as_string(data, size), "input", {});
    require(!config.model.empty() && !config.out.empty() && !config.shards.empty(),
            "model, out and shards are there");
    require(config.steps >= 1 && config.schedule.warmup < config.steps, "warmup ends");
    require(config.batch >= 2 && config.micro_batches >= 1, "batches have rows");
    require(config.loss.clip_weight + config.loss.distill_weight > 0, "there is a loss");
    require(config.hash() == config.hash(), "the hash is of the configuration alone");
    mobileclip::fuzz::probe(config.out.size() > 2);
  } catch (const mobileclip::Error& error) {
    require(!error.message().empty(), "an error is a sentence");
  }
  return 0;
}
