#include "data/record.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "data/augmentation_json.h"
#include "data/shard_writer.h"

namespace mobileclip {
namespace {

const std::string kShards = MOBILECLIP_TEST_DATA "/shards/";

std::map<std::string, Sample> read_all(const std::string& path) {
  ShardReader reader(path);
  std::map<std::string, Sample> out;
  while (std::optional<Sample> sample = reader.next()) out[sample->key] = *sample;
  EXPECT_FALSE(reader.report().truncated);
  return out;
}

float expected(size_t index, float start) { return (static_cast<float>(index) + start) / 64; }

void expect_values(const Matrix& m, size_t rows, size_t cols, float start) {
  ASSERT_EQ(m.rows, rows);
  ASSERT_EQ(m.cols, cols);
  for (size_t i = 0; i < rows * cols; ++i) EXPECT_EQ(m.values[i], expected(i, start)) << i;
}

class Layouts : public testing::TestWithParam<const char*> {};

TEST_P(Layouts, AreReadExactly) {
  const auto samples = read_all(kShards + GetParam());
  ASSERT_EQ(samples.size(), 8U);
  for (const char* key : {"split", "both", "half", "joint", "text"}) {
    const Record record = parse_record(samples.at(key));
    EXPECT_EQ(record.caption, "a red ball");
    EXPECT_EQ(record.image_extension, "png");
    EXPECT_EQ(record.synthetic.at("syn_text"),
              (std::vector<std::string>{"a ball", "one red ball"}));
    EXPECT_EQ(record.others.size(), 2U);  // url.txt, json
    ASSERT_TRUE(record.reinforcement) << key;
    const Reinforcement& r = *record.reinforcement;
    ASSERT_EQ(r.augmentations.size(), 3U);
    EXPECT_EQ(r.augmentations[0].crop->left, 2);
    EXPECT_EQ(r.augmentations[0].ops[1].magnitude, 0.27F - 0.00000002F);
    EXPECT_EQ(r.augmentations[1].ops.size(), 1U);  // null was skipped
    EXPECT_FALSE(r.augmentations[2].crop);
    const bool joint = std::string(key) == "joint" || std::string(key) == "text";
    expect_values(r.image, 3, 4, 0);
    expect_values(r.text, 1, 4, 100);
    expect_values(r.synthetic.at("syn_text"), 2, 4, joint ? 104 : 200);
  }
  const Record bare = parse_record(samples.at("bare"));  // image and text come from another shard
  EXPECT_TRUE(bare.image.empty());
  EXPECT_FALSE(bare.caption);
  expect_values(bare.reinforcement->text, 1, 4, 100);
  try {
    parse_record(samples.at("wrong"));
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::kDamaged);
    EXPECT_NE(error.message().find("image_emb"), std::string::npos) << error.message();
  }
}

INSTANTIATE_TEST_SUITE_P(Record, Layouts, testing::Values("pax.tar", "gnu.tar"));

bool has_python() {
  return std::system("/usr/bin/python3 -c 'import numpy, torch, PIL' 2>/dev/null") == 0;  // NOLINT
}

class Formats : public testing::TestWithParam<EmbeddingFormat> {};

TEST_P(Formats, RoundTripAndPythonReadsOurs) {
  const Record record = parse_record(read_all(kShards + "pax.tar").at("split"));
  const std::string path = testing::TempDir() + "/round_trip.tar";
  ShardWriter writer(path);
  writer.add(make_sample(record, GetParam()));
  writer.finish();
  const Record again = parse_record(read_all(path).at("split"));
  EXPECT_EQ(again.image, record.image);
  EXPECT_EQ(again.others, record.others);
  EXPECT_EQ(again.reinforcement->image.values, record.reinforcement->image.values);
  EXPECT_EQ(augmentations_json(again.reinforcement->augmentations),
            augmentations_json(record.reinforcement->augmentations));
  if (!has_python()) GTEST_SKIP() << "no python3 with numpy, torch and PIL";
  const std::string out = testing::TempDir() + "/python.jsonl";
  ASSERT_EQ(std::system(("/usr/bin/python3 " + kShards + "make.py " + path + " >" + out).c_str()),
            0);  // NOLINT
  std::ifstream file(out);
  const auto seen = nlohmann::json::parse(file);
  EXPECT_EQ(seen["txt"], "a red ball");
  EXPECT_EQ(seen["arrays"]["image_emb"][0], (std::vector<int>{3, 4}));
  EXPECT_EQ(seen["arrays"]["syn_text_emb"][1].get<double>(), (200 * 8 + 28) / 64.0);
  EXPECT_EQ(seen["aug"][0][1][1][1].get<double>(), 0.26999998092651367);
}

INSTANTIATE_TEST_SUITE_P(Record, Formats,
                         testing::Values(EmbeddingFormat::kNpzFloat32,
                                         EmbeddingFormat::kPthGzBfloat16));

TEST(Record, BadMembersAreNamed) {
  const Sample good = read_all(kShards + "pax.tar").at("split");
  const auto broken = [&](const char* member, const std::string& bytes) {
    Sample sample = good;
    sample.members[member] = bytes;
    try {
      parse_record(sample);
      ADD_FAILURE() << member << " " << bytes.substr(0, 40);
    } catch (const Error& error) {
      EXPECT_NE(error.message().find(std::string(member).substr(0, 3)), std::string::npos)
          << error.message();
    }
  };
  broken("syn.json", "[1]");
  broken("syn.json", "{");
  broken("paug.json", "{\"param_aug\": 3}");
  broken("paug.json", "{\"param_aug\": [[[1,2,3],[]]]}");
  broken("paug.json", "{\"param_aug\": [[[1.5,2,3,4],[]]]}");
  broken("paug.json", "{\"param_aug\": [[[1,2,3,4294967300],[]]]}");
  broken("paug.json", "{\"param_aug\": [[null,[[4294967297,0.5]]]]}");
  broken("paug.json", "{\"param_aug\": [[1, [0,0,4,4],[]]]}");  // mixup's partner
  broken("npz", "no zip at all, but long enough to look for a directory");
  broken("npz", "");
}

TEST(Record, EveryTruncationAndFlipOfAnNpzIsCaughtOrHarmless) {
  const std::string npz = read_all(kShards + "pax.tar").at("split").members.at("npz");
  for (size_t n = 0; n < npz.size(); n += 7) {
    EXPECT_THROW(read_npz(npz.substr(0, n), "x"), Error) << n;
  }
  for (size_t i = 0; i < npz.size(); ++i) {
    std::string flipped = npz;
    flipped[i] = static_cast<char>(flipped[i] ^ 0x10);
    try {
      read_npz(flipped, "x");
    } catch (const Error&) {  // what it must be, if anything
    }
  }
}

}  // namespace
}  // namespace mobileclip
