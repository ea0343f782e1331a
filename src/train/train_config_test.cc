#include "train/train_config.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "base/error.h"
#include "train/test_support.h"

namespace mobileclip::train {
namespace {

std::string config_file(const std::string& text) {
  const std::string path = testing::TempDir() + "/config.json";
  std::ofstream(path) << text;
  return path;
}

/// The sentence that a configuration is refused with; empty if it is taken.
std::string refusal(const std::string& extra) {
  static const std::string shards = shape_shards(1, 4);
  const std::string path = config_file(fmt::format(
      R"({{"model": "mobileclip_nano", "out": "x", "shards": "{}"{}}})", shards, extra));
  try {
    read_train_config(path, {});
    return "";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::kInvalidArgument);
    return error.message();
  }
}

void expect_refusal(const std::string& extra, const std::vector<std::string>& parts) {
  const std::string sentence = refusal(extra);
  for (const std::string& part : parts) {
    EXPECT_NE(sentence.find(part), std::string::npos) << extra << " gave: " << sentence;
  }
}

TEST(TrainConfig, BadValuesNameTheKeyTheValueAndWhatIsAllowed) {
  EXPECT_EQ(refusal(""), "");
  expect_refusal(R"(, "stepz": 3)", {"\"stepz\"", "known are"});
  expect_refusal(R"(, "steps": 0)", {"steps", "0", "from 1"});
  expect_refusal(R"(, "steps": 1.5)", {"steps", "1.5", "whole number"});
  expect_refusal(R"(, "lr": "high")", {"lr", "high", "a number"});
  expect_refusal(R"(, "precision": "f16")", {"precision", "f16", "bf16"});
  expect_refusal(R"(, "loss": {"clip_wait": 1})", {"loss", "clip_wait", "clip_weight"});
  expect_refusal(R"(, "loss": {"clip_weight": 0})", {"both 0"});
  expect_refusal(R"(, "loss": {"distill_weight": 1})", {"loss.teachers"});
  expect_refusal(R"(, "loss": {"distill_weight": 1, "teachers": [{"dim": 4}]})", {"dim and scale"});
  expect_refusal(R"(, "loss": {"distill_weight": 1, "teachers": [{"dim": 4, "scale": 9}]})",
                 {"stored"});
  expect_refusal(R"(, "warmup": 2000)", {"warmup", "2000"});
  expect_refusal(R"(, "augment": [])", {"augment", "object"});
}

TEST(TrainConfig, MissingPiecesAndBadFiles) {
  EXPECT_THROW(read_train_config(config_file("{"), {}), Error);
  EXPECT_THROW(read_train_config(config_file(R"({"model": "nano"})"), {}), Error);
  EXPECT_THROW(read_train_config(config_file(R"({"model": "mobileclip_nano"})"), {}), Error);
  EXPECT_THROW(read_train_config("/nonexistent.json", {}), Error);
}

TEST(TrainConfig, OverridesAndTheHash) {
  const std::string shards = shape_shards(1, 4);
  const std::string path = config_file(
      fmt::format(R"({{"model": "mobileclip_nano", "out": "x", "shards": "{}"}})", shards));
  const TrainConfig plain = read_train_config(path, {});
  const TrainConfig other =
      read_train_config(path, {{"steps", "5"}, {"out", "\"y\""}, {"loss.clip_weight", "0.5"}});
  EXPECT_EQ(other.steps, 5);
  EXPECT_EQ(other.out, "y");
  EXPECT_EQ(other.loss.clip_weight, 0.5);
  EXPECT_NE(plain.hash(), other.hash());
  EXPECT_EQ(plain.hash(), read_train_config(path, {{"out", "z"}, {"workers", "7"}}).hash());
}

}  // namespace
}  // namespace mobileclip::train
