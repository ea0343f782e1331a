#include "train/towers.h"

#include <gtest/gtest.h>

#include <filesystem>

#include "base/thread_pool.h"
#include "engine/model.h"
#include "engine/session.h"
#include "engine/synthetic.h"

namespace mobileclip::train {
namespace {

/// A student with the weights that write_synthetic_checkpoint() stores.
Student synthetic_student(const ModelConfig& config) {
  Student student(config, {});
  const torch::NoGradGuard no_grad;
  for (const NamedTensor& tensor : student.parameters().all()) {
    if (tensor.value.scalar_type() != torch::kFloat32) continue;
    const Shape shape(tensor.value.sizes().begin(), tensor.value.sizes().end());
    std::vector<float> values = synthetic_weight(tensor.name, shape);
    tensor.value.copy_(torch::from_blob(values.data(), tensor.value.sizes()));
  }
  return student;
}

double relative_error(const torch::Tensor& a, const torch::Tensor& b) {
  return ((a - b).norm() / b.norm()).item<double>();
}

class TowersTest : public testing::TestWithParam<const char*> {};

TEST_P(TowersTest, EvalForwardEqualsTheFoldedEngine) {
  const ModelConfig& config = *find_variant(GetParam());
  const Student student = synthetic_student(config);
  const std::string path = testing::TempDir() + "/" + GetParam() + ".pt";
  write_synthetic_checkpoint(config, path);
  ThreadPool pool(2);
  Session session(Model::load(path, {}, pool), pool);
  const torch::NoGradGuard no_grad;
  torch::manual_seed(1);
  const int64_t size = config.image_size;
  const torch::Tensor pixels = torch::rand({2, 3, size, size});
  torch::Tensor ours = torch::empty({2, config.embed_dim});
  session.encode_pixels_chw({pixels.data_ptr<float>(), static_cast<size_t>(pixels.numel())}, 2,
                            ours.data_ptr<float>());
  ours = ours / ours.norm(2, 1, true);
  EXPECT_LT(relative_error(student.encode_image(pixels, Mode::kEval), ours), 3e-6);

  torch::Tensor ids = torch::zeros({3, config.text.context}, torch::kInt64);
  for (int64_t row = 0; row < 3; ++row) {
    ids[row][0] = 49406;
    for (int64_t i = 1; i <= 3 * (row + 1); ++i) ids[row][i] = 1000 * row + 37 * i;
    ids[row][3 * (row + 1) + 1] = 49407;
  }
  const torch::Tensor narrow = ids.to(torch::kInt32);
  torch::Tensor texts = torch::empty({3, config.embed_dim});
  session.encode_tokens({narrow.data_ptr<int32_t>(), static_cast<size_t>(narrow.numel())}, 3,
                        texts.data_ptr<float>());
  texts = texts / texts.norm(2, 1, true);
  EXPECT_LT(relative_error(student.encode_text(ids, Mode::kEval), texts), 3e-6);
  std::filesystem::remove(path);
}

INSTANTIATE_TEST_SUITE_P(Variants, TowersTest,
                         testing::Values("mobileclip_s0", "mobileclip_s1", "mobileclip_b",
                                         "mobileclip_nano", "mobileclip_nano_teacher"));

}  // namespace
}  // namespace mobileclip::train
