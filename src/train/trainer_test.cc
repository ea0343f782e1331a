#include "train/trainer.h"

#include <gtest/gtest.h>

#include <cmath>
#include <fstream>

#include "base/error.h"
#include "base/mapped_file.h"
#include "engine/model.h"
#include "engine/session.h"
#include "train/test_support.h"
#include "train/train_state.h"

namespace mobileclip::train {
namespace {

namespace fs = std::filesystem;

std::string bytes_of(const std::string& path) { return read_file(path, size_t{1} << 30); }

TrainResult run(const TrainConfig& config, int64_t stop_after = -1) {
  std::atomic<bool> stop{false};
  Observer observer;
  observer.on_step = [&](const StepReport& report) {
    if (report.step == stop_after) stop = true;
  };
  return train::train(config, {}, observer, stop);
}

TEST(Trainer, AStoppedAndResumedRunIsBitEqual) {
  TrainConfig config = shape_config(shape_shards(2, 20));
  config.ema = 0.9;
  config.augment = {AugmentMode::kRandom, 0.5, 1};
  const TrainResult whole = run(config);
  EXPECT_TRUE(whole.finished);
  TrainConfig other = config;
  other.out = fresh_folder("stopped");
  other.workers = 1;
  const TrainResult half = run(other, 3);  // in the middle of an epoch of five batches
  EXPECT_FALSE(half.finished);
  EXPECT_EQ(half.step, 3);
  other.workers = 2;
  const TrainResult rest = run(other);
  EXPECT_TRUE(rest.finished);
  EXPECT_EQ(bytes_of(whole.weights), bytes_of(rest.weights));
  const std::string state = "/checkpoints/step_00000006.pt";
  EXPECT_EQ(bytes_of(config.out + state), bytes_of(other.out + state));
}

TEST(Trainer, ADamagedNewestCheckpointFallsBackAndThreeAreKept) {
  TrainConfig config = shape_config(shape_shards(1, 32));
  config.checkpoint_every = 1;
  run(config);
  std::vector<std::string> names;
  for (const auto& entry : fs::directory_iterator(config.out + "/checkpoints")) {
    names.push_back(entry.path().filename());
  }
  std::ranges::sort(names);
  EXPECT_EQ(names,
            (std::vector<std::string>{"step_00000004.pt", "step_00000005.pt", "step_00000006.pt"}));
  const std::string good = bytes_of(config.out + "/last.pt");
  const std::string newest = config.out + "/checkpoints/step_00000006.pt";
  std::string damaged = bytes_of(newest);
  damaged[damaged.size() / 2] = static_cast<char>(damaged[damaged.size() / 2] ^ 4);
  std::ofstream(newest, std::ios::binary) << damaged;
  fs::resize_file(config.out + "/checkpoints/step_00000005.pt", 1000);
  std::vector<std::string> warnings;
  Observer observer;
  observer.on_warning = [&](const std::string& text) { warnings.push_back(text); };
  const std::atomic<bool> stop{false};
  EXPECT_TRUE(train::train(config, {}, observer, stop).finished);
  EXPECT_EQ(warnings.size(), 2U);
  EXPECT_EQ(bytes_of(config.out + "/last.pt"), good);
}

TEST(Trainer, CheckpointsOfAnotherConfigurationAreRefused) {
  TrainConfig config = shape_config(shape_shards(1, 32));
  run(config, 2);
  config.seed = 8;
  EXPECT_THROW(run(config), Error);
}

TEST(Trainer, ALossThatIsNotFiniteChangesNothing) {
  TrainConfig config = shape_config(shape_shards(1, 32));
  config.checkpoint_every = 1;
  run(config, 2);
  const std::string state = config.out + "/checkpoints/step_00000002.pt";
  Student student(*find_variant(config.model), {config.seed, config.layer_scale, 2});
  AdamW optimizer(student.parameters(), config.adamw);
  Progress progress = load_state(state, student.parameters(), optimizer, {});
  {
    const torch::NoGradGuard no_grad;
    student.parameters().at("image_encoder.model.head.proj").fill_(NAN);
  }
  save_state(state, student.parameters(), optimizer, {}, progress);
  const std::string before = bytes_of(state);
  try {
    run(config);
    FAIL() << "trained on";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::kNonFinite) << error.message();
  }
  EXPECT_EQ(bytes_of(state), before);
  EXPECT_FALSE(fs::exists(config.out + "/checkpoints/step_00000003.pt"));
}

// Training learns, the checkpoint is one that the engine reads, and the folded engine agrees.
TEST(Trainer, LearnsShapesAndTheEngineRunsTheResult) {
  const std::string shards = shape_shards(1, 256);
  TrainConfig config = shape_config(shards);
  config.steps = 60;
  config.batch = 64;
  config.schedule = {.base = 3e-3, .floor = 0, .warmup = 5, .total = 60};
  config.augment.mode = AugmentMode::kNone;
  config.validation.shards = config.shards;
  config.validation.every = 60;
  Accuracy accuracy;
  Observer observer;
  observer.on_validation = [&](int64_t, const Accuracy& a) { accuracy = a; };
  const std::atomic<bool> stop{false};
  const TrainResult result = train::train(config, {}, observer, stop);
  EXPECT_EQ(accuracy.images, 256);
  EXPECT_EQ(accuracy.classes, 16);
  EXPECT_GT(accuracy.top1, 0.9);
  EXPECT_GT(accuracy.text_to_image1, 0.9);
  EXPECT_TRUE(fs::exists(config.out + "/curves.svg"));

  ThreadPool pool(2);
  const auto model = Model::load(result.weights, {}, pool);
  EXPECT_EQ(model->config().name, "mobileclip_nano");
  Session session(model, pool);
  Student student(model->config(), {});
  load_weights(result.weights, student.parameters());
  const int side = model->config().image_size;
  const torch::Tensor pixels = torch::rand({4, 3, side, side});
  torch::Tensor ours = torch::empty({4, 256});
  session.encode_pixels_chw({pixels.data_ptr<float>(), static_cast<size_t>(pixels.numel())}, 4,
                            ours.data_ptr<float>());
  ours = ours / ours.norm(2, 1, true);
  const torch::NoGradGuard no_grad;
  EXPECT_LT((student.encode_image(pixels, Mode::kEval) - ours).abs().max().item<double>(), 1e-4);
}

}  // namespace
}  // namespace mobileclip::train
