#include "train/step.h"

#include <gtest/gtest.h>
#include <sys/wait.h>

#include <cmath>
#include <cstdlib>
#include <fstream>

#include "train/test_support.h"

namespace mobileclip::train {
namespace {

const ModelConfig& nano() { return *find_variant("mobileclip_nano"); }

/// `n` random rows of everything, teachers' too.
Batch random_batch(int64_t n) {
  torch::manual_seed(9);
  Batch batch;
  batch.images = torch::rand({n, 3, nano().image_size, nano().image_size});
  batch.captions = torch::zeros({2 * n, 16}, torch::kInt64);
  batch.captions.select(1, 0).fill_(49406);
  batch.captions.narrow(1, 1, 5).copy_(torch::randint(1, 40000, {2 * n, 5}));
  batch.captions.select(1, 6).fill_(49407);
  batch.real = torch::arange(0, n);
  batch.synthetic = torch::arange(n, 2 * n);
  const auto unit = [&] {
    const torch::Tensor x = torch::randn({n, 7});
    return x / x.norm(2, 1, true);
  };
  batch.teacher_image = unit();
  batch.teacher_text = unit();
  batch.teacher_synthetic = unit();
  return batch;
}

StepOptions options_of(Mode mode) { return {{.25, .75, {{7, 30}}}, 1, Precision::kFloat32, mode}; }

torch::Tensor gradients(const Student& student) {
  std::vector<torch::Tensor> all;
  for (const NamedTensor& tensor : student.parameters().all()) {
    if (tensor.trainable) all.push_back(tensor.value.grad().flatten());
  }
  return torch::cat(all);
}

void clear(const Student& student) {
  for (const NamedTensor& tensor : student.parameters().all()) {
    tensor.value.mutable_grad().reset();
  }
}

double relative(const torch::Tensor& a, const torch::Tensor& b) {
  return ((a - b).norm() / b.norm()).item<double>();
}

TEST(Step, GradCacheEqualsTheWholeBatch) {
  const Student student(nano(), {.seed = 1, .layer_scale = 0.1});
  const Batch batch = random_batch(16);
  const Communicator alone;
  // Batch norms with their running statistics, so that the parts do not see other statistics.
  StepOptions options = options_of(Mode::kEval);
  const StepLoss whole = compute_gradients(student, batch, options, alone);
  const torch::Tensor expected = gradients(student);
  for (const int64_t parts : {2, 8}) {
    clear(student);
    options.micro_batches = parts;
    const StepLoss loss = compute_gradients(student, batch, options, alone);
    EXPECT_NEAR(loss.total, whole.total, 1e-5 * whole.total);
    EXPECT_LT(relative(gradients(student), expected), 1e-5) << parts;
  }
}

TEST(Step, GradCacheUpdatesBatchStatisticsOncePerPart) {
  const Student student(nano(), {});
  StepOptions options = options_of(Mode::kTrain);
  options.micro_batches = 4;
  compute_gradients(student, random_batch(16), options, {});
  EXPECT_EQ(student.parameters()
                .at("image_encoder.model.patch_embed.0.rbr_conv.0.bn.num_batches_tracked")
                .item<int64_t>(),
            4);
}

// One text forward over both kinds of captions: batch norms see the mixture.
TEST(Step, ConcatenatedCaptionsDifferFromSeparateOnes) {
  const Student student(nano(), {.seed = 2, .layer_scale = 0.5});
  const Batch batch = random_batch(8);
  const torch::NoGradGuard no_grad;
  const torch::Tensor together = student.encode_text(batch.captions, Mode::kTrainAgain);
  const torch::Tensor apart =
      torch::cat({student.encode_text(batch.captions.narrow(0, 0, 8), Mode::kTrainAgain),
                  student.encode_text(batch.captions.narrow(0, 8, 8), Mode::kTrainAgain)});
  EXPECT_GT(relative(together, apart), 1e-3);
  const torch::Tensor eval = student.encode_text(batch.captions, Mode::kEval);
  EXPECT_LT(relative(eval, torch::cat(
                               {student.encode_text(batch.captions.narrow(0, 0, 8), Mode::kEval),
                                student.encode_text(batch.captions.narrow(0, 8, 8), Mode::kEval)})),
            1e-5);
}

TEST(Step, Bfloat16IsCloseToFloat32) {
  const Student student(nano(), {.seed = 1, .layer_scale = 0.1});
  const Batch batch = random_batch(8);
  StepOptions options = options_of(Mode::kEval);
  const StepLoss exact = compute_gradients(student, batch, options, {});
  clear(student);
  options.precision = Precision::kBfloat16;
  const StepLoss rough = compute_gradients(student, batch, options, {});
  EXPECT_NEAR(rough.total, exact.total, 0.05 * exact.total);
  EXPECT_TRUE(torch::isfinite(gradients(student)).all().item<bool>());
}

/// Runs as one rank of a group when the environment says so; rank 0 writes loss and gradients.
TEST(StepRank, DISABLED_Worker) {
  const Communicator group = Communicator::from_environment();
  const Student student(nano(), {.seed = 1, .layer_scale = 0.1});
  const Batch all = random_batch(8);
  const int64_t n = 8 / group.size(), first = n * group.rank();
  Batch mine = all;
  mine.images = all.images.narrow(0, first, n);
  mine.real = all.real.narrow(0, first, n);
  mine.synthetic = all.synthetic.narrow(0, first, n);
  mine.teacher_image = all.teacher_image.narrow(0, first, n);
  mine.teacher_text = all.teacher_text.narrow(0, first, n);
  mine.teacher_synthetic = all.teacher_synthetic.narrow(0, first, n);
  const StepLoss loss = compute_gradients(student, mine, options_of(Mode::kEval), group);
  group.barrier();
  if (group.rank() != 0) return;
  torch::save(std::vector<torch::Tensor>{gradients(student), torch::tensor(loss.total)},
              std::getenv("STEP_TEST_OUT"));
}

TEST(Step, ProcessesTogetherEqualOneProcess) {
  const Student student(nano(), {.seed = 1, .layer_scale = 0.1});
  const StepLoss whole = compute_gradients(student, random_batch(8), options_of(Mode::kEval), {});
  const torch::Tensor expected = gradients(student);
  for (const int size : {2, 4}) {
    const std::string out = fresh_folder("ranks") + "/out.pt";
    std::vector<pid_t> children;
    for (int rank = 0; rank < size; ++rank) {
      children.push_back(
          spawn_worker("StepRank.DISABLED_Worker",
                       {"RANK=" + std::to_string(rank), "WORLD_SIZE=" + std::to_string(size),
                        "MASTER_ADDR=127.0.0.1",
                        "MASTER_PORT=" + std::to_string(20000 + ::getpid() % 20000 + size),
                        "STEP_TEST_OUT=" + out}));
    }
    for (const pid_t child : children) {
      int status = 0;
      waitpid(child, &status, 0);
      EXPECT_EQ(status, 0);
    }
    std::vector<torch::Tensor> got;
    torch::load(got, out);
    EXPECT_NEAR(got[1].item<double>(), whole.total, 1e-5 * whole.total);
    EXPECT_LT(relative(got[0], expected), 1e-5) << size;
  }
}

}  // namespace
}  // namespace mobileclip::train
