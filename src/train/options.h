/// What a configuration may choose of the optimizer and the loss: plain data, without libtorch.
#ifndef MOBILECLIP_TRAIN_OPTIONS_H_
#define MOBILECLIP_TRAIN_OPTIONS_H_

#include <cstdint>
#include <string_view>
#include <vector>

namespace mobileclip::train {

struct AdamWOptions {
  double beta1 = 0.9, beta2 = 0.95;
  double eps = 1e-8;
  double weight_decay = 0.2;
};

/// Base · (step + 1) / warmup, then half a cosine from base down to `floor` at `total`
/// (spec/training §4.2).
struct Schedule {
  double base = 1e-3, floor = 0;
  int64_t warmup = 0, total = 1;
  double at(int64_t step) const;
};

/// 1e-6 for a model whose name contains "vit", else 1e-8, as open_clip chooses.
double default_eps(std::string_view model);

struct TeacherSpec {
  int64_t dim = 0;
  double scale = 0;  ///< 1 / temperature, a constant
  bool use = true;   ///< false: its stored columns are passed over
};

/// How several teachers become one target.
enum class TeacherAverage {
  kProbabilities,  ///< mean of their softmax rows
  kLogits,         ///< one softmax over the concatenated vectors with the first teacher's scale
};

struct LossOptions {
  double clip_weight = 1;     ///< w0
  double distill_weight = 0;  ///< w1
  std::vector<TeacherSpec> teachers;
  TeacherAverage average = TeacherAverage::kProbabilities;
};

}  // namespace mobileclip::train

#endif  // MOBILECLIP_TRAIN_OPTIONS_H_
