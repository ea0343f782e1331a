#include "train/batch_loader.h"

#include <gtest/gtest.h>

#include "base/error.h"
#include "train/test_support.h"

namespace mobileclip::train {
namespace {

bool same(const Batch& a, const Batch& b) {
  return torch::equal(a.images, b.images) && torch::equal(a.captions, b.captions) &&
         torch::equal(a.real, b.real) && torch::equal(a.synthetic, b.synthetic);
}

TEST(BatchLoader, TheStreamDoesNotDependOnTheWorkers) {
  TrainConfig config = shape_config(shape_shards(3, 20));
  config.augment = {AugmentMode::kRandom, 0.5, 2};
  const ModelConfig& model = *find_variant(config.model);
  std::vector<Batch> first;
  for (const int64_t workers : {1, 2, 4}) {
    config.workers = workers;
    BatchLoader loader(config, model, 0, 1, {});
    for (size_t i = 0; i < 12; ++i) {  // beyond one epoch
      Batch batch = loader.next();
      if (workers == 1) {
        first.push_back(batch);
      } else {
        EXPECT_TRUE(same(first[i], batch)) << i;
      }
    }
  }
  EXPECT_FALSE(same(first[0], first[1]));
}

TEST(BatchLoader, GoesOnFromACursorAndSplitsAmongRanks) {
  TrainConfig config = shape_config(shape_shards(2, 20));
  const ModelConfig& model = *find_variant(config.model);
  BatchLoader whole(config, model, 0, 1, {});
  Batch batch;
  for (int i = 0; i < 6; ++i) batch = whole.next();
  const Batch seventh = whole.next();
  BatchLoader again(config, model, 0, 1, batch.next);
  EXPECT_TRUE(same(seventh, again.next()));
  BatchLoader left(config, model, 0, 2, batch.next), right(config, model, 1, 2, batch.next);
  EXPECT_TRUE(torch::equal(seventh.images, torch::cat({left.next().images, right.next().images})));
}

TEST(BatchLoader, CaptionsAreEncodedOnce) {
  TrainConfig config = shape_config(shape_shards(1, 64));
  config.batch = 32;
  BatchLoader loader(config, *find_variant(config.model), 0, 1, {});
  const Batch batch = loader.next();
  EXPECT_EQ(batch.real.size(0), 32);
  EXPECT_LE(batch.captions.size(0), 48);  // 16 captions, 32 synthetic ones
  EXPECT_EQ(batch.captions.size(1), 16);
  EXPECT_LT(batch.synthetic.max().item<int64_t>(), batch.captions.size(0));
}

TEST(BatchLoader, BadRecordsAreLeftOutAndCounted) {
  const std::string folder = fresh_folder("bad");
  ShardWriter writer(folder + "/0.tar");
  for (uint64_t i = 0; i < 40; ++i) {
    Record record = shape_record(i % 16, i);
    if (i == 3) record.image = "no image";
    if (i == 4) record.synthetic.clear();
    writer.add(make_sample(record, EmbeddingFormat::kNpzFloat32));
  }
  writer.finish();
  BatchLoader loader(shape_config(folder), *find_variant("mobileclip_nano"), 0, 1, {});
  for (int i = 0; i < 12; ++i) loader.next();
  uint64_t sum = 0;
  for (const auto& [why, count] : loader.skipped()) sum += count;
  EXPECT_GE(loader.skipped().size(), 2U);
  EXPECT_GE(sum, 2U);
}

TEST(BatchLoader, MissingShardsAndEmbeddingsAreErrors) {
  TrainConfig config = shape_config(shape_shards(1, 16));
  config.shards.push_back("/nonexistent/1.tar");
  config.shuffle_buffer = 100;
  EXPECT_THROW(BatchLoader(config, *find_variant(config.model), 0, 1, {}).next(), Error);
  config.shards.pop_back();
  config.augment.mode = AugmentMode::kStored;
  EXPECT_THROW(BatchLoader(config, *find_variant(config.model), 0, 1, {}).next(), Error);
}

}  // namespace
}  // namespace mobileclip::train
