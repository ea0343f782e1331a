#include "train/communicator.h"

#include <charconv>
#include <cstdlib>
#include <string>
#include <torch/csrc/distributed/c10d/ProcessGroupGloo.hpp>
#include <torch/csrc/distributed/c10d/TCPStore.hpp>

#include "base/error.h"

namespace mobileclip::train {
namespace {

int number_from_environment(const char* name, int low, int high) {
  const char* text = std::getenv(name);  // NOLINT(concurrency-mt-unsafe): before any thread
  if (text == nullptr) {
    fail(ErrorCode::kInvalidArgument, "${} is not set, though $WORLD_SIZE is", name);
  }
  const std::string_view word = text;
  int value = 0;
  const auto [end, error] = std::from_chars(word.begin(), word.end(), value);
  if (error != std::errc() || end != word.end() || value < low || value > high) {
    fail(ErrorCode::kInvalidArgument, "${} is {}: a whole number from {} to {} is needed", name,
         quote(word), low, high);
  }
  return value;
}

/// Runs a collective; torch's exceptions become ours.
template <typename F>
void collective(const char* operation, F&& run) {
  try {
    run()->wait();
  } catch (const std::exception& error) {
    const std::string what = error.what();
    fail(ErrorCode::kIo, "{} among the processes failed: {}", operation,
         what.substr(0, what.find('\n')));
  }
}

}  // namespace

struct Communicator::Group {
  c10::intrusive_ptr<c10d::ProcessGroupGloo> gloo;
};

Communicator::Communicator() = default;
Communicator::~Communicator() = default;
Communicator::Communicator(Communicator&&) noexcept = default;
Communicator& Communicator::operator=(Communicator&&) noexcept = default;

Communicator Communicator::from_environment() {
  Communicator out;
  if (std::getenv("WORLD_SIZE") == nullptr) return out;  // NOLINT(concurrency-mt-unsafe)
  out.size_ = number_from_environment("WORLD_SIZE", 1, 65536);
  if (out.size_ == 1) return out;
  out.rank_ = number_from_environment("RANK", 0, out.size_ - 1);
  const char* address = std::getenv("MASTER_ADDR");  // NOLINT(concurrency-mt-unsafe)
  if (address == nullptr) {
    fail(ErrorCode::kInvalidArgument, "$MASTER_ADDR is not set, though $WORLD_SIZE is");
  }
  c10d::TCPStoreOptions options;
  options.port = static_cast<uint16_t>(number_from_environment("MASTER_PORT", 1, 65535));
  options.isServer = out.rank_ == 0;
  options.numWorkers = out.size_;
  try {
    auto store = c10::make_intrusive<c10d::TCPStore>(address, options);
    auto gloo_options = c10d::ProcessGroupGloo::Options::create();
    gloo_options->devices.push_back(c10d::ProcessGroupGloo::createDefaultDevice());
    out.group_ = std::make_shared<Group>();
    out.group_->gloo =
        c10::make_intrusive<c10d::ProcessGroupGloo>(store, out.rank_, out.size_, gloo_options);
  } catch (const std::exception& error) {
    const std::string what = error.what();
    fail(ErrorCode::kIo, "rank {} of {} could not join the group at {}:{}: {}", out.rank_,
         out.size_, address, options.port, what.substr(0, what.find('\n')));
  }
  return out;
}

torch::Tensor Communicator::all_gather(const torch::Tensor& rows) const {
  if (size_ == 1) return rows;
  const torch::NoGradGuard no_grad;
  std::vector<torch::Tensor> input{rows.detach().contiguous()};
  std::vector<std::vector<torch::Tensor>> output(1);
  for (int i = 0; i < size_; ++i) output[0].push_back(torch::empty_like(input[0]));
  collective("all-gather", [&] { return group_->gloo->allgather(output, input); });
  return torch::cat(output[0]);
}

namespace {

struct GatherFunction : torch::autograd::Function<GatherFunction> {
  static torch::Tensor forward(torch::autograd::AutogradContext* context, const torch::Tensor& rows,
                               int64_t communicator) {
    const auto* group = reinterpret_cast<const Communicator*>(communicator);
    context->saved_data["communicator"] = communicator;
    context->saved_data["rows"] = rows.size(0);
    return group->all_gather(rows);
  }
  static torch::autograd::tensor_list backward(torch::autograd::AutogradContext* context,
                                               torch::autograd::tensor_list gradients) {
    const auto* group =
        reinterpret_cast<const Communicator*>(context->saved_data["communicator"].toInt());
    const int64_t rows = context->saved_data["rows"].toInt();
    const torch::Tensor sum = gradients[0].contiguous().clone();
    group->all_reduce_sum(sum);
    return {sum.narrow(0, group->rank() * rows, rows), {}};
  }
};

}  // namespace

torch::Tensor Communicator::all_gather_with_gradient(const torch::Tensor& rows) const {
  if (size_ == 1) return rows;
  return GatherFunction::apply(rows, reinterpret_cast<int64_t>(this));
}

void Communicator::all_reduce_sum(const torch::Tensor& tensor) const {
  if (size_ == 1) return;
  std::vector<torch::Tensor> tensors{tensor};
  collective("all-reduce", [&] { return group_->gloo->allreduce(tensors); });
}

void Communicator::broadcast(const torch::Tensor& tensor, int root) const {
  if (size_ == 1) return;
  std::vector<torch::Tensor> tensors{tensor};
  c10d::BroadcastOptions options;
  options.rootRank = root;
  collective("broadcast", [&] { return group_->gloo->broadcast(tensors, options); });
}

void Communicator::barrier() const {
  if (size_ == 1) return;
  collective("barrier", [&] { return group_->gloo->barrier(); });
}

}  // namespace mobileclip::train
