#include "train/train_state.h"

#include <cstring>

#include "base/error.h"
#include "base/thread_pool.h"
#include "checkpoint/checkpoint.h"
#include "checkpoint/prefixes.h"
#include "checkpoint/torch_writer.h"

namespace mobileclip::train {
namespace {

constexpr const char* kCounters[] = {"progress.step", "progress.epoch", "progress.index",
                                     "progress.config_hash", "progress.seed"};

struct Named {
  std::string name;
  torch::Tensor value;
};

void write_all(const std::string& path, const std::vector<Named>& tensors) {
  std::vector<TensorDeclaration> declarations;
  for (const Named& tensor : tensors) {
    const bool integer = tensor.value.scalar_type() == torch::kInt64;
    declarations.push_back({tensor.name, integer ? DType::kInt64 : DType::kFloat32,
                            Shape(tensor.value.sizes().begin(), tensor.value.sizes().end())});
  }
  TorchWriter writer(path, std::move(declarations));
  for (const Named& tensor : tensors) {
    const torch::Tensor whole = tensor.value.detach().contiguous();
    writer.write({static_cast<const std::byte*>(whole.data_ptr()), whole.nbytes()});
  }
  writer.finish();
}

/// Copies a tensor of the file into `to`; kDamaged if it is missing or of another shape.
void read_into(const Checkpoint& file, const std::string& name, const torch::Tensor& to) {
  const torch::NoGradGuard no_grad;
  const TensorEntry* entry = file.find(name);
  const Shape shape(to.sizes().begin(), to.sizes().end());
  if (entry == nullptr || entry->shape != shape) {
    fail(ErrorCode::kDamaged, "{}: tensor {} is missing or not {}", file.name(), quote(name),
         shape_string(shape));
  }
  if (to.scalar_type() == torch::kInt64) {
    to.fill_(read_integer(*entry, 0));
    return;
  }
  std::vector<float> values(entry->elements());
  read_elements(*entry, values.data());
  to.copy_(torch::from_blob(values.data(), to.sizes()));
}

Checkpoint open_verified(const std::string& path) {
  Checkpoint file = Checkpoint::open(path);
  ThreadPool pool(1);
  file.verify(pool);
  return file;
}

std::vector<Named> state_tensors(const Parameters& parameters, const AdamW& optimizer,
                                 const std::vector<torch::Tensor>& average) {
  std::vector<Named> out;
  for (const NamedTensor& tensor : parameters.all()) {
    out.push_back({"model." + tensor.name, tensor.value});
  }
  for (const AdamW::Slot& slot : optimizer.slots()) {
    out.push_back({"optimizer.first." + slot.name, slot.first});
    out.push_back({"optimizer.second." + slot.name, slot.second});
  }
  for (size_t i = 0; i < average.size(); ++i) {
    out.push_back({"average." + parameters.all()[i].name, average[i]});
  }
  return out;
}

}  // namespace

void save_weights(const std::string& path, const Parameters& parameters,
                  const std::vector<torch::Tensor>& values) {
  std::vector<Named> tensors;
  for (size_t i = 0; i < parameters.all().size(); ++i) {
    const NamedTensor& tensor = parameters.all()[i];
    tensors.push_back({tensor.name, values.empty() ? tensor.value : values[i]});
  }
  write_all(path, tensors);
}

void save_state(const std::string& path, const Parameters& parameters, const AdamW& optimizer,
                const std::vector<torch::Tensor>& average, const Progress& progress) {
  std::vector<Named> tensors = state_tensors(parameters, optimizer, average);
  const uint64_t counters[] = {static_cast<uint64_t>(progress.step), progress.cursor.epoch,
                               progress.cursor.index, progress.config_hash, progress.seed};
  for (size_t i = 0; i < std::size(kCounters); ++i) {
    tensors.push_back(
        {kCounters[i], torch::full({}, static_cast<int64_t>(counters[i]), torch::kInt64)});
  }
  write_all(path, tensors);
}

Progress load_state(const std::string& path, const Parameters& parameters, AdamW& optimizer,
                    const std::vector<torch::Tensor>& average) {
  const Checkpoint file = open_verified(path);
  const std::vector<Named> tensors = state_tensors(parameters, optimizer, average);
  if (file.tensors().size() != tensors.size() + std::size(kCounters)) {
    fail(ErrorCode::kDamaged, "{}: a checkpoint of another model or configuration", path);
  }
  uint64_t counters[std::size(kCounters)];
  for (size_t i = 0; i < std::size(kCounters); ++i) {
    const torch::Tensor value = torch::zeros({}, torch::kInt64);
    read_into(file, kCounters[i], value);
    counters[i] = static_cast<uint64_t>(value.item<int64_t>());
  }
  for (const Named& tensor : tensors) read_into(file, tensor.name, tensor.value);
  optimizer.set_step(static_cast<int64_t>(counters[0]));
  return {static_cast<int64_t>(counters[0]), {counters[1], counters[2]}, counters[3], counters[4]};
}

void load_weights(const std::string& path, const Parameters& parameters) {
  const Checkpoint file = open_verified(path);
  for (const NamedTensor& tensor : parameters.all()) read_into(file, tensor.name, tensor.value);
}

}  // namespace mobileclip::train
