#include "reinforce/reinforce.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <set>

#include "base/error.h"
#include "base/mapped_file.h"
#include "data/shard_writer.h"
#include "engine/recognise.h"
#include "engine/synthetic.h"
#include "image/png_writer.h"

namespace mobileclip {
namespace {

namespace fs = std::filesystem;

ReinforceOptions options_of(size_t views, uint64_t seed, EmbeddingFormat format) {
  ReinforceOptions options;
  options.augmentations = views;
  options.seed = seed;
  options.format = format;
  return options;
}

class Reinforce : public testing::Test {
 protected:
  Reinforce() : pool(2) {
    folder = testing::TempDir() + "/reinforce" + std::to_string(::getpid());
    fs::remove_all(folder);
    fs::create_directories(folder + "/in");
    for (const char* name : {"mobileclip_nano", "mobileclip_nano_teacher"}) {
      models.push_back(folder + "/" + name + ".pt");
      write_synthetic_checkpoint(require_variant(name), models.back());
    }
    for (int s = 0; s < 3; ++s) {
      ShardWriter writer(fmt::format("{}/in/{}.tar", folder, s));
      for (int i = 0; i < 70; ++i) writer.add(sample(s, i));  // more than go together
      writer.finish();
    }
    shards = expand_shards(folder + "/in");
  }

  /// Number 5 of each shard has no image that decodes, number 6 no caption.
  static Sample sample(int s, int i) {
    RgbImage image{20, 24, std::vector<uint8_t>(20 * 24 * 3)};
    CounterRng rng(1, static_cast<uint64_t>(s), static_cast<uint64_t>(i), 0);
    for (uint8_t& v : image.pixels) v = static_cast<uint8_t>(rng.next());
    Record record;
    record.key = fmt::format("{}-{:02}", s, i);
    record.image = i == 5 ? "bad" : encode_png(image);
    record.image_extension = "png";
    if (i != 6) record.caption = fmt::format("picture {} of {}", i, s);
    record.synthetic["syn_text"] = {"noise", fmt::format("noise number {}", i)};
    return make_sample(record, EmbeddingFormat::kNpzFloat32);
  }

  ReinforceReport run(const std::string& out, const ReinforceOptions& options) {
    Teachers teachers(models, pool);
    return reinforce_shards(shards, out, teachers, options, {}, stop, pool);
  }

  std::atomic<bool> stop{false};
  ThreadPool pool;
  std::string folder;
  std::vector<std::string> models, shards;
};

TEST_F(Reinforce, RecordsAreWholeAndVerify) {
  for (const EmbeddingFormat format :
       {EmbeddingFormat::kNpzFloat32, EmbeddingFormat::kPthGzBfloat16}) {
    const std::string out = folder + "/out" + std::to_string(static_cast<int>(format));
    const ReinforceReport report = run(out, options_of(3, 0, format));
    EXPECT_EQ(report.records, 3 * 68U);
    EXPECT_EQ(report.rejected, 6U);
    std::set<std::string> keys;
    for (const std::string& shard : expand_shards(out)) {
      ShardReader reader(shard);
      while (const std::optional<Sample> one = reader.next()) {
        const Record record = parse_record(*one);
        EXPECT_TRUE(keys.insert(record.key).second);
        ASSERT_TRUE(record.reinforcement);
        EXPECT_EQ(record.reinforcement->image.rows, 3U);
        EXPECT_EQ(record.reinforcement->image.cols, 512U);
        EXPECT_EQ(record.reinforcement->synthetic.at("syn_text").rows, 2U);
      }
    }
    EXPECT_EQ(keys.size(), 3 * 68U);
    EXPECT_TRUE(fs::exists(out + "/rejects/0.tar.jsonl"));
    Teachers teachers(models, pool);
    const VerifyReport verified = verify_shards(expand_shards(out), teachers, 10);
    const double limit = format == EmbeddingFormat::kNpzFloat32 ? 1 - 1e-6 : 0.9999;
    EXPECT_EQ(verified.records, 30U);
    EXPECT_GT(verified.worst_view, limit);
    EXPECT_GT(verified.worst_caption, limit);
    // Another order of the teachers is found out.
    Teachers swapped({models[1], models[0]}, pool);
    EXPECT_LT(verify_shards(expand_shards(out), swapped, 3).worst_view, 0.99);
  }
}

TEST_F(Reinforce, ResumesShardByShardWithTheSameBytes) {
  const std::string out = folder + "/resumed";
  run(out, options_of(2, 4, EmbeddingFormat::kNpzFloat32));
  std::vector<std::string> before;
  for (const std::string& shard : expand_shards(out)) before.push_back(read_file(shard, 1 << 28));
  fs::remove(out + "/1.tar");
  const ReinforceReport report = run(out, options_of(2, 4, EmbeddingFormat::kNpzFloat32));
  EXPECT_EQ(report.shards, 1U);
  EXPECT_EQ(report.shards_done_before, 2U);
  for (size_t i = 0; i < 3; ++i) {
    EXPECT_EQ(read_file(expand_shards(out)[i], 1 << 28), before[i]) << i;
  }
}

TEST_F(Reinforce, TheInputIsNeverOverwritten) {
  EXPECT_THROW(run(folder + "/in", {}), Error);
  EXPECT_THROW(Teachers({}, pool), Error);
}

}  // namespace
}  // namespace mobileclip
