// reinforce, data and train from outside.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <map>

#include "program.h"

namespace mobileclip::test {
namespace {

namespace fs = std::filesystem;

const std::string kShard = MOBILECLIP_SHARDS "/pax.tar";

/// A teacher with synthetic weights.
std::string teacher(const std::string& variant = "mobileclip_nano") {
  std::string file = fresh_folder() + "/teacher.pt";
  const std::string command = std::string(MOBILECLIP_SYNTH) + " " + variant + " " + file;
  EXPECT_EQ(std::system(command.c_str()), 0);  // NOLINT(concurrency-mt-unsafe)
  return file;
}

TEST(Dataset, InspectDescribesARecordAndDrawsItsViews) {
  const std::string sheet = fresh_folder() + "/sheet.png";
  const Outcome outcome =
      run({{"data", "inspect", kShard, "--key", "split", "--json", "-o", sheet, "--size", "32"}});
  // Its first crop is inside the picture; all three views and the picture are drawn.
  EXPECT_EQ(outcome.exit_code, 0) << outcome.err;
  const auto about = outcome.json_lines().at(0);
  EXPECT_EQ(about["samples"], 8);
  EXPECT_EQ(about["record"]["augmentations"], 3);
  EXPECT_EQ(about["record"]["teacher_columns"], 4);
  EXPECT_EQ(read_file(sheet).substr(1, 3), "PNG");
  EXPECT_EQ(run({{"data", "inspect", kShard, "--key", "none"}}).exit_code, 1);
  EXPECT_EQ(run({{"data", "inspect"}}).exit_code, 2);
}

TEST(Dataset, EmbedVerifyAndJoin) {
  const std::string folder = fresh_folder(), weights = teacher();
  const Outcome embedded = run({{"reinforce", "embed", kShard, "-o", folder + "/out", "--teacher",
                                 weights, "--augmentations", "2", "--no-images"}});
  EXPECT_EQ(embedded.exit_code, 3) << embedded.err;  // two fixtures are not whole
  EXPECT_NE(embedded.out.find("6 records in 1 shards"), std::string::npos) << embedded.out;
  EXPECT_TRUE(exists(folder + "/out/reinforcement.json"));
  EXPECT_TRUE(exists(folder + "/out/rejects/pax.tar.jsonl"));
  const Outcome again = run({{"reinforce", "embed", kShard, "-o", folder + "/out", "--teacher",
                              teacher(), "--augmentations", "2"}});
  EXPECT_EQ(again.exit_code, 0);
  EXPECT_NE(again.out.find("1 shards were there"), std::string::npos);

  const Outcome joined = run({{"data", "join", kShard, folder + "/out", "-o", folder + "/joined"}});
  EXPECT_EQ(joined.exit_code, 3) << joined.err;
  EXPECT_NE(joined.out.find("6 records joined; 2 only in the image shards"), std::string::npos)
      << joined.out;
}

std::map<std::string, std::string> files_of(const std::string& folder) {
  std::map<std::string, std::string> out;
  for (const auto& entry : fs::recursive_directory_iterator(folder)) {
    if (!entry.is_regular_file()) continue;
    out[fs::relative(entry.path(), folder)] = read_file(entry.path());
  }
  return out;
}

// Killed at any moment and started again, it ends in the same files and nothing else.
TEST(Dataset, EmbedGoesOnAfterKills) {
  const std::string folder = fresh_folder(), weights = teacher();
  std::vector<std::string> command = {"reinforce", "embed"};
  for (int i = 0; i < 4; ++i) {
    command.push_back(fmt::format("{}/{}.tar", folder, i));
    fs::copy_file(kShard, command.back());
  }
  command.insert(command.end(), {"--teacher", weights, "-o"});
  const auto into = [&](const std::string& out) {
    std::vector<std::string> words = command;
    words.push_back(folder + out);
    return words;
  };
  EXPECT_EQ(run({into("/whole")}).exit_code, 3);  // two fixtures of each shard are not whole
  int killed = 0;
  for (int i = 0; i < 40; ++i) {
    const std::string kill = fmt::format("(sleep 0.{:03}; kill -9 $$) 2>/dev/null &", 4 + 2 * i);
    killed += run({.arguments = into("/killed"), .shell_prefix = kill}).exit_code == -1;
  }
  EXPECT_GT(killed, 5);
  run({into("/killed")});
  const auto whole = files_of(folder + "/whole"), resumed = files_of(folder + "/killed");
  EXPECT_EQ(whole.size(), resumed.size());
  for (const auto& [name, bytes] : resumed) {
    EXPECT_TRUE(whole.contains(name) && whole.at(name) == bytes) << name;
  }
}

TEST(Dataset, VerifyFindsAnotherTeachersRows) {
  const std::string folder = fresh_folder();
  run({{"reinforce", "embed", kShard, "-o", folder + "/out", "--teacher", teacher()}});
  EXPECT_EQ(run({{"reinforce", "verify", folder + "/out", "--teacher", teacher()}}).exit_code, 0);
  EXPECT_EQ(run({{"reinforce", "verify", folder + "/out", "--teacher",
                  teacher("mobileclip_nano_teacher")}})
                .exit_code,
            4);
}

TEST(Dataset, BadCommandLines) {
  EXPECT_EQ(run({{"reinforce"}}).exit_code, 2);
  EXPECT_EQ(run({{"reinforce", "embed"}}).exit_code, 2);
  EXPECT_EQ(run({{"reinforce", "embed", kShard, "-o", "x"}}).exit_code, 2);
  EXPECT_EQ(run({{"data", "join", "a"}}).exit_code, 2);
  const Outcome pipe = run({{"data", "inspect", "/nonexistent.tar"}});
  EXPECT_EQ(pipe.exit_code, 1);
}

#ifdef MOBILECLIP_HAS_TRAINER
TEST(Dataset, TrainTellsWhatIsWrongAndTrains) {
  EXPECT_EQ(run({{"train"}}).exit_code, 2);
  EXPECT_EQ(run({{"train", "--help"}}).exit_code, 0);
  const std::string folder = fresh_folder();
  write_file(folder + "/c.json", R"({"model": "mobileclip_nano", "stepz": 1})");
  const Outcome bad = run({{"train", "--config", folder + "/c.json"}});
  EXPECT_EQ(bad.exit_code, 1);
  EXPECT_NE(bad.err.find("c.json"), std::string::npos);
  write_file(folder + "/c.json", R"({"model": "mobileclip_nano", "batch": 2, "steps": 2,
    "loss": {"synthetic": true}, "augment": {"mode": "none"}, "shards": ")" +
                                     kShard + R"(", "out": ")" + folder + R"(/run"})");
  const Outcome outcome = run({{"train", "--config", folder + "/c.json"}});
  EXPECT_EQ(outcome.exit_code, 4) << outcome.err;  // one in eight records is damaged: too many
  EXPECT_NE(outcome.err.find("records cannot be read"), std::string::npos) << outcome.err;
}
#else
TEST(Dataset, WithoutTheTrainerTheSentenceSaysWhatToInstall) {
  const Outcome outcome = run({{"train", "--config", "x"}});
  EXPECT_EQ(outcome.exit_code, 1);
  EXPECT_NE(outcome.err.find("libtorch-dev"), std::string::npos);
  EXPECT_NE(outcome.err.find("MOBILECLIP_TRAIN"), std::string::npos);
}
#endif

}  // namespace
}  // namespace mobileclip::test
