#include "train/step.h"

#include <ATen/autocast_mode.h>

#include "base/error.h"

namespace mobileclip::train {
namespace {

/// bfloat16 where torch deems it safe, inside this scope.
class Autocast {
 public:
  explicit Autocast(Precision precision) : on_(precision == Precision::kBfloat16) {
    if (!on_) return;
    at::autocast::set_autocast_cpu_dtype(at::kBFloat16);
    at::autocast::set_cpu_enabled(true);
  }
  ~Autocast() {
    if (!on_) return;
    at::autocast::clear_cache();
    at::autocast::set_cpu_enabled(false);
  }
  Autocast(const Autocast&) = delete;
  Autocast& operator=(const Autocast&) = delete;

 private:
  bool on_;
};

struct Embeddings {
  torch::Tensor image, captions;  // captions: one row per distinct caption
};

Embeddings encode(const Student& student, const torch::Tensor& images,
                  const torch::Tensor& captions, const StepOptions& options) {
  const Autocast autocast(options.precision);
  Embeddings out;
  if (images.defined()) out.image = student.encode_image(images, options.mode);
  if (captions.defined()) out.captions = student.encode_text(captions, options.mode);
  return out;
}

Rows gathered(const torch::Tensor& rows, const Communicator& group) {
  return {rows, group.all_gather_with_gradient(rows)};
}

Rows gathered_teacher(const torch::Tensor& rows, const Communicator& group) {
  return rows.defined() ? Rows(rows, group.all_gather(rows)) : Rows();
}

double value_of(const torch::Tensor& term) { return term.defined() ? term.item<double>() : 0; }

/// The loss of this process's rows; `loss` gets the values.
torch::Tensor batch_loss(const Embeddings& e, const torch::Tensor& scale, const Batch& batch,
                         const StepOptions& options, const Communicator& group, StepLoss& loss) {
  PassInput input;
  input.first_row = batch.images.size(0) * group.rank();
  input.image = gathered(e.image, group);
  input.text = gathered(e.captions.index_select(0, batch.real), group);
  input.teacher_image = gathered_teacher(batch.teacher_image, group);
  input.teacher_text = gathered_teacher(batch.teacher_text, group);
  const PassLoss real = contrastive_pass(input, scale, options.loss);
  loss.clip_real = value_of(real.clip);
  loss.distill_real = value_of(real.distill);
  torch::Tensor total = real.total;
  if (batch.synthetic.defined()) {
    input.text = gathered(e.captions.index_select(0, batch.synthetic), group);
    input.teacher_text = gathered_teacher(batch.teacher_synthetic, group);
    const PassLoss synthetic = contrastive_pass(input, scale, options.loss);
    loss.clip_synthetic = value_of(synthetic.clip);
    loss.distill_synthetic = value_of(synthetic.distill);
    total = total + synthetic.total;  // a sum, not a mean
  }
  loss.total = value_of(total);
  return total;
}

/// Parts [i] of a tensor's rows, nearly equal.
std::vector<torch::Tensor> parts_of(const torch::Tensor& rows, int64_t parts) {
  return torch::chunk(rows, parts, 0);
}

void backward_cached(const Student& student, const Batch& batch, const StepOptions& options,
                     const Communicator& group, StepLoss& loss) {
  const auto images = parts_of(batch.images, options.micro_batches);
  const auto captions = parts_of(batch.captions, options.micro_batches);
  Embeddings leaf;
  {
    const torch::NoGradGuard no_grad;
    std::vector<torch::Tensor> u, v;
    for (const auto& part : images) {
      u.push_back(encode(student, part, {}, options).image);
    }
    for (const auto& part : captions) {
      v.push_back(encode(student, {}, part, options).captions);
    }
    leaf = {torch::cat(u), torch::cat(v)};
  }
  leaf.image.set_requires_grad(true);
  leaf.captions.set_requires_grad(true);
  batch_loss(leaf, student.logit_scale().exp(), batch, options, group, loss).backward();
  // The first forward has updated the batch statistics already.
  StepOptions again = options;
  if (again.mode == Mode::kTrain) again.mode = Mode::kTrainAgain;
  int64_t row = 0;
  for (const auto& part : images) {
    encode(student, part, {}, again).image.backward(leaf.image.grad().narrow(0, row, part.size(0)));
    row += part.size(0);
  }
  row = 0;
  for (const auto& part : captions) {
    encode(student, {}, part, again)
        .captions.backward(leaf.captions.grad().narrow(0, row, part.size(0)));
    row += part.size(0);
  }
}

/// Gradients averaged over the processes in one buffer: with the gather's summed gradients that is
/// the gradient of the global mean.
void average_gradients(const Student& student, const Communicator& group) {
  if (group.size() == 1) return;
  const torch::NoGradGuard no_grad;
  std::vector<torch::Tensor> flat;
  for (const NamedTensor& tensor : student.parameters().all()) {
    if (tensor.trainable && tensor.value.grad().defined()) {
      flat.push_back(tensor.value.grad().flatten());
    }
  }
  const torch::Tensor sum = torch::cat(flat);
  group.all_reduce_sum(sum);
  sum.div_(group.size());
  int64_t at = 0;
  for (const NamedTensor& tensor : student.parameters().all()) {
    if (!tensor.trainable || !tensor.value.grad().defined()) continue;
    const int64_t n = tensor.value.numel();
    tensor.value.mutable_grad().copy_(sum.narrow(0, at, n).view_as(tensor.value));
    at += n;
  }
}

void average_values(StepLoss& loss, const Communicator& group) {
  if (group.size() == 1) return;
  double* const values[] = {&loss.total, &loss.clip_real, &loss.distill_real, &loss.clip_synthetic,
                            &loss.distill_synthetic};
  const torch::Tensor t = torch::zeros({5}, torch::kFloat64);
  for (int64_t i = 0; i < 5; ++i) t[i] = *values[i];
  group.all_reduce_sum(t);
  for (int64_t i = 0; i < 5; ++i) *values[i] = t[i].item<double>() / group.size();
}

}  // namespace

StepLoss compute_gradients(const Student& student, const Batch& batch, const StepOptions& options,
                           const Communicator& group) {
  StepLoss loss;
  if (options.micro_batches > 1) {
    backward_cached(student, batch, options, group, loss);
  } else {
    const Embeddings e = encode(student, batch.images, batch.captions, options);
    batch_loss(e, student.logit_scale().exp(), batch, options, group, loss).backward();
  }
  average_gradients(student, group);
  average_values(loss, group);
  return loss;
}

}  // namespace mobileclip::train
