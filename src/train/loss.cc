#include "train/loss.h"

#include "base/error.h"

namespace mobileclip::train {
namespace {

/// −mean over rows of Σ targets · log-probabilities.
torch::Tensor cross_entropy(const torch::Tensor& targets, const torch::Tensor& log_probabilities) {
  return -(targets * log_probabilities).sum(1).mean();
}

/// −mean of the log-probability of each row's own column.
torch::Tensor own_column(const torch::Tensor& log_probabilities, int64_t first_row) {
  const torch::Tensor own = torch::arange(first_row, first_row + log_probabilities.size(0));
  return torch::nll_loss(log_probabilities, own);
}

void check_teachers(const PassInput& input, const LossOptions& options) {
  int64_t sum = 0;
  for (const TeacherSpec& teacher : options.teachers) sum += teacher.dim;
  for (const Rows* rows : {&input.teacher_image, &input.teacher_text}) {
    if (!rows->all.defined()) {
      fail(ErrorCode::kInvalidArgument, "distillation needs the teachers' embeddings");
    }
    if (rows->all.size(1) != sum) {
      fail(ErrorCode::kInvalidArgument,
           "the teachers' dims add up to {}, but the stored embeddings have {} columns", sum,
           rows->all.size(1));
    }
  }
}

}  // namespace

torch::Tensor teacher_targets(const torch::Tensor& rows, const torch::Tensor& columns,
                              const LossOptions& options) {
  const torch::NoGradGuard no_grad;
  if (options.average == TeacherAverage::kLogits) {
    return torch::softmax(options.teachers.front().scale * torch::matmul(rows, columns.t()), 1);
  }
  torch::Tensor sum;
  int64_t begin = 0, used = 0;
  for (const TeacherSpec& teacher : options.teachers) {
    if (!teacher.use) {
      begin += teacher.dim;
      continue;
    }
    ++used;
    const torch::Tensor logits =
        teacher.scale * torch::matmul(rows.narrow(1, begin, teacher.dim),
                                      columns.narrow(1, begin, teacher.dim).t());
    const torch::Tensor probabilities = torch::softmax(logits, 1);
    sum = sum.defined() ? sum.add_(probabilities) : probabilities;
    begin += teacher.dim;
  }
  return sum.div_(static_cast<double>(used));
}

PassLoss contrastive_pass(const PassInput& input, const torch::Tensor& scale,
                          const LossOptions& options) {
  const torch::Tensor from_image =
      torch::log_softmax(scale * torch::matmul(input.image.local, input.text.all.t()), 1);
  const torch::Tensor from_text =
      torch::log_softmax(scale * torch::matmul(input.text.local, input.image.all.t()), 1);
  PassLoss loss;
  loss.total = torch::zeros({}, from_image.options());
  if (options.clip_weight != 0) {
    loss.clip =
        0.5 * (own_column(from_image, input.first_row) + own_column(from_text, input.first_row));
    loss.total = loss.total + options.clip_weight * loss.clip;
  }
  if (options.distill_weight != 0) {
    check_teachers(input, options);
    const torch::Tensor image_targets =
        teacher_targets(input.teacher_image.local, input.teacher_text.all, options);
    const torch::Tensor text_targets =
        teacher_targets(input.teacher_text.local, input.teacher_image.all, options);
    loss.distill =
        0.5 * (cross_entropy(image_targets, from_image) + cross_entropy(text_targets, from_text));
    loss.total = loss.total + options.distill_weight * loss.distill;
  }
  return loss;
}

}  // namespace mobileclip::train
