/// What the tests of this folder share: a run's configuration, and workers in processes of their
/// own.
#ifndef MOBILECLIP_TRAIN_TEST_SUPPORT_H_
#define MOBILECLIP_TRAIN_TEST_SUPPORT_H_

#include <gtest/gtest.h>
#include <spawn.h>
#include <unistd.h>

#include <string>
#include <vector>

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

/// Starts the disabled test `worker` of this program in a process of its own, with the words
/// NAME=VALUE first in its environment and one thread for OpenMP. The caller waits for it.
inline pid_t spawn_worker(const std::string& worker, std::vector<std::string> words) {
  words.emplace_back("OMP_NUM_THREADS=1");
  std::vector<char*> environment;
  for (std::string& word : words) environment.push_back(word.data());
  for (char** e = environ; *e != nullptr; ++e) environment.push_back(*e);
  environment.push_back(nullptr);
  std::string filter = "--gtest_filter=" + worker;
  char program[] = "/proc/self/exe", also[] = "--gtest_also_run_disabled_tests",
       quiet[] = "--gtest_brief=1";
  char* arguments[] = {program, filter.data(), also, quiet, nullptr};
  pid_t child = 0;
  EXPECT_EQ(posix_spawn(&child, program, nullptr, nullptr, arguments, environment.data()), 0);
  return child;
}

}  // namespace mobileclip::train

#endif  // MOBILECLIP_TRAIN_TEST_SUPPORT_H_
