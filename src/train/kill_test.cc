// A run that is killed at any moment, or meets a full disk, and its continuation.
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include <chrono>
#include <cstdlib>
#include <fstream>
#include <nlohmann/json.hpp>
#include <thread>

#include "base/error.h"
#include "base/mapped_file.h"
#include "train/test_support.h"
#include "train/trainer.h"

namespace mobileclip::train {
namespace {

namespace fs = std::filesystem;

constexpr int64_t kSteps = 300;
constexpr int kKills = 50;

TrainConfig long_config(const std::string& shards, const std::string& out) {
  TrainConfig config = shape_config(shards);
  config.out = out;
  config.steps = kSteps;
  config.batch = 4;
  config.schedule.total = kSteps;
  config.augment = {AugmentMode::kRandom, 0.5, 1};
  config.checkpoint_every = 7;
  config.log_every = 1;
  config.workers = 1;
  return config;
}

/// Trains in a process of its own, so that it can be killed.
TEST(KillWorker, DISABLED_Worker) {
  const std::atomic<bool> stop{false};
  train::train(long_config(std::getenv("KILL_TEST_SHARDS"), std::getenv("KILL_TEST_OUT")), {}, {},
               stop);
}

pid_t spawn_run(const std::string& shards, const std::string& out) {
  return spawn_worker("KillWorker.DISABLED_Worker",
                      {"KILL_TEST_SHARDS=" + shards, "KILL_TEST_OUT=" + out});
}

/// The newest step that a checkpoint of the folder is of; 0 without one.
int64_t newest_step(const std::string& out) {
  int64_t newest = 0;
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(out + "/checkpoints", error)) {
    const std::string name = entry.path().filename();
    if (name.starts_with("step_") && name.ends_with(".pt")) {
      newest = std::max<int64_t>(newest, std::stoll(name.substr(5)));
    }
  }
  return newest;
}

/// The loss of each step, as written; a step that stands twice is an error.
std::vector<double> losses(const std::string& out) {
  std::vector<double> values;
  std::ifstream file(out + "/metrics.jsonl");
  for (std::string line; std::getline(file, line);) {
    const auto row = nlohmann::json::parse(line);
    if (!row.contains("loss")) continue;
    values.push_back(row["loss"]);
    EXPECT_EQ(row["step"], values.size());
  }
  return values;
}

std::string weights_of(const std::string& out) {
  return read_file(out + "/last.pt", size_t{1} << 30);
}

/// True when the worker ended by itself before its time was up; it is killed otherwise.
bool finishes_within(pid_t child, std::chrono::milliseconds time) {
  const auto end = std::chrono::steady_clock::now() + time;
  while (std::chrono::steady_clock::now() < end) {
    int status = 0;
    if (waitpid(child, &status, WNOHANG) == child) {
      EXPECT_EQ(status, 0);
      return true;
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
  kill(child, SIGKILL);
  waitpid(child, nullptr, 0);
  return false;
}

// Fifty kills spread over the run, some while it starts, some while it writes.
TEST(TrainerKill, FiftyKillsEndInTheSameBits) {
  const std::string shards = shape_shards(3, 20);
  const std::string whole = fresh_folder("whole"), killed = fresh_folder("killed");
  int status = 0;
  waitpid(spawn_run(shards, whole), &status, 0);
  ASSERT_EQ(status, 0);
  CounterRng rng(11, 0, 0, 0);
  int kills = 0;
  while (kills < kKills) {
    // Each kill comes after its share of the steps; the last leaves enough of them to be one.
    const int64_t share = (kSteps - 60) * (kills + 1) / kKills;
    const pid_t child = spawn_run(shards, killed);
    while (newest_step(killed) + 7 < share) {
      ASSERT_EQ(waitpid(child, nullptr, WNOHANG), 0) << "the worker ended by itself";
      std::this_thread::sleep_for(std::chrono::milliseconds(5));
    }
    ASSERT_FALSE(finishes_within(child, std::chrono::milliseconds(rng.below(300))));
    ++kills;
  }
  waitpid(spawn_run(shards, killed), &status, 0);
  EXPECT_EQ(status, 0);
  EXPECT_EQ(weights_of(whole), weights_of(killed));
  EXPECT_EQ(losses(whole), losses(killed));
  EXPECT_EQ(losses(killed).size(), static_cast<size_t>(kSteps));
  for (const auto& entry : fs::recursive_directory_iterator(killed)) {
    const std::string name = entry.path().filename();
    EXPECT_FALSE(name.ends_with(".part")) << name << " is left";
  }
}

// What a file may hold is limited, so that a checkpoint cannot be written whole.
TEST(TrainerKill, AFullDiskKeepsTheCheckpointsAndTheRunGoesOn) {
  TrainConfig config = shape_config(shape_shards(1, 32));
  config.checkpoint_every = 2;
  const TrainConfig undisturbed = config;
  std::atomic<bool> stop{false};
  Observer stops;
  stops.on_step = [&](const StepReport& report) { stop = report.step == 2; };
  train::train(config, {}, stops, stop);
  const std::string first = config.out + "/checkpoints/step_00000002.pt";
  const std::string before = read_file(first, size_t{1} << 30);
  fs::remove(config.out + "/last.pt");

  rlimit old{};
  getrlimit(RLIMIT_FSIZE, &old);
  const rlimit small{1 << 20, old.rlim_max};
  signal(SIGXFSZ, SIG_IGN);
  setrlimit(RLIMIT_FSIZE, &small);
  std::string sentence;
  try {
    stop = false;
    train::train(config, {}, {}, stop);
  } catch (const Error& error) {
    sentence = error.message();
  }
  setrlimit(RLIMIT_FSIZE, &old);
  EXPECT_NE(sentence.find("step_00000004.pt"), std::string::npos) << sentence;
  EXPECT_EQ(read_file(first, size_t{1} << 30), before);
  EXPECT_FALSE(fs::exists(config.out + "/checkpoints/step_00000004.pt"));
  EXPECT_EQ(std::distance(fs::directory_iterator(config.out + "/checkpoints"), {}), 1);

  EXPECT_TRUE(train::train(config, {}, {}, stop).finished);
  TrainConfig other = undisturbed;
  other.out = fresh_folder("undisturbed");
  train::train(other, {}, {}, stop);
  EXPECT_EQ(weights_of(config.out), weights_of(other.out));
}

}  // namespace
}  // namespace mobileclip::train
