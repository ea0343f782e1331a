// The whole of reinforced training from outside, small: drawings → two teachers → stored embeddings
// → a distilled student → classify.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include "data/test_support.h"
#include "program.h"

namespace mobileclip::test {
namespace {

constexpr int kSteps = 80;

/// A configuration of kSteps with `extra` members.
std::string config(const std::string& folder, const std::string& name, const std::string& shards,
                   const std::string& extra) {
  std::string path = folder + "/" + name + ".json";
  write_file(path, fmt::format(R"({{"model": "mobileclip_nano", "shards": "{0}", "steps": {1},
    "batch": 32, "lr": 0.003, "warmup": 5, "layer_scale": 0.2, "init_scale": 10,
    "out": "{2}/{3}", "validation": {{"shards": "{0}", "every": {1}}}, {4}}})",
                               shards, kSteps, folder, name, extra));
  return path;
}

/// The last validation's number of this name.
double validated(const std::string& run_folder, const std::string& name) {
  double value = 0;
  const std::string metrics = read_file(run_folder + "/metrics.jsonl");
  for (size_t at = 0; at < metrics.size(); at = metrics.find('\n', at) + 1) {
    const auto row = nlohmann::json::parse(metrics.substr(at, metrics.find('\n', at) - at));
    if (row.contains(name)) value = row[name];
  }
  return value;
}

std::string trained_teacher(const std::string& folder, const std::string& shards, int seed) {
  const std::string name = fmt::format("teacher{}", seed);
  const std::string extra = fmt::format(
      R"("seed": {}, "augment": {{"mode": "random", "scale_low": 0.8, "ops": 0}})", seed);
  const Outcome outcome =
      run({{"train", "--config", config(folder, name, shards, extra), "-q", "--threads", "1"}});
  EXPECT_EQ(outcome.exit_code, 0) << outcome.err;
  return folder + "/" + name + "/last.pt";
}

/// PyTorch reads the file that we wrote: names, shapes and sums as `info` states them.
void expect_torch_loads(const std::string& weights) {
  const Outcome info = run({{"info", "--tensors", "--json", weights}});
  const auto ours = nlohmann::json::parse(info.out)["tensors"];
  const std::string script = weights + ".py", result = weights + ".json";
  write_file(script, R"(import json, sys, torch
state = torch.load(sys.argv[1])
json.dump({k: list(v.shape) for k, v in state.items()}, open(sys.argv[2], "w"))
)");
  const std::string command =
      fmt::format("/usr/bin/python3 '{}' '{}' '{}'", script, weights, result);
  ASSERT_EQ(std::system(command.c_str()), 0) << command;  // NOLINT(concurrency-mt-unsafe)
  const auto theirs = nlohmann::json::parse(read_file(result));
  ASSERT_EQ(theirs.size(), ours.size());
  for (const auto& [name, tensor] : ours.items()) EXPECT_EQ(theirs.at(name), tensor["shape"]);
}

TEST(Miniature, FromDrawingsToADistilledStudent) {
  const std::string folder = fresh_folder(), shards = shape_shards(2, 128);
  const std::string one = trained_teacher(folder, shards, 1);
  const std::string two = trained_teacher(folder, shards, 2);
  const std::string reinforced = folder + "/reinforced";
  const Outcome embedded = run({{"reinforce", "embed", shards, "-o", reinforced, "--teacher", one,
                                 "--teacher", two, "--min-area", "60", "--ops", "0"}});
  ASSERT_EQ(embedded.exit_code, 0) << embedded.err;
  EXPECT_EQ(
      run({{"reinforce", "verify", reinforced, "--teacher", one, "--teacher", two}}).exit_code, 0);
  const std::string student = config(folder, "student", reinforced,
                                     R"("seed": 3, "augment": {"mode": "stored"}, "loss":
      {"clip_weight": 0.25, "distill_weight": 0.75,
       "teachers": [{"dim": 256, "scale": 20}, {"dim": 256, "scale": 20}]})");
  const Outcome trained = run({{"train", "--config", student, "-q", "--threads", "1"}});
  ASSERT_EQ(trained.exit_code, 0) << trained.err;
  EXPECT_GT(validated(folder + "/student", "top1"), 0.9);
  EXPECT_TRUE(exists(folder + "/student/curves.svg"));

  const std::string weights = folder + "/student/last.pt", picture = folder + "/disc.png";
  const auto png = encode_png(shape_image(1 + 4 * 2, 500));  // a blue disc never trained on
  write_file(picture, {reinterpret_cast<const char*>(png.data()), png.size()});
  const Outcome classified = run({{"classify", "-m", weights, picture, "--json", "-l", "a red disc",
                                   "-l", "a blue disc", "-l", "a blue square"}});
  ASSERT_EQ(classified.exit_code, 0) << classified.err;
  EXPECT_EQ(classified.json_lines().at(0)["labels"][0]["label"], "a blue disc") << classified.out;
  expect_torch_loads(weights);
}

}  // namespace
}  // namespace mobileclip::test
