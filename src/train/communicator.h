/// The processes of one training run.
#ifndef MOBILECLIP_TRAIN_COMMUNICATOR_H_
#define MOBILECLIP_TRAIN_COMMUNICATOR_H_

#include <torch/torch.h>

#include <memory>

namespace mobileclip::train {

/// One process alone, or the member of a group that an ordinary launcher describes by RANK,
/// WORLD_SIZE, MASTER_ADDR and MASTER_PORT. Collective: every member makes the same calls in the
/// same order, from one thread. Errors: kInvalidArgument for a bad environment, kIo when a member
/// is lost or cannot be reached.
class Communicator {
 public:
  Communicator();  ///< alone
  ~Communicator();
  Communicator(Communicator&&) noexcept;
  Communicator& operator=(Communicator&&) noexcept;

  /// The group the environment describes; alone if WORLD_SIZE is not set or 1. Through c10d with
  /// Gloo.
  static Communicator from_environment();

  int rank() const { return rank_; }
  int size() const { return size_; }

  /// n × … of every rank, in rank order: N × …. All ranks give equal shapes.
  torch::Tensor all_gather(const torch::Tensor& rows) const;
  /// The same, differentiable: each slice's gradient is the sum of what all ranks computed for it.
  torch::Tensor all_gather_with_gradient(const torch::Tensor& rows) const;
  /// In place.
  void all_reduce_sum(const torch::Tensor& tensor) const;
  void broadcast(const torch::Tensor& tensor, int root) const;
  void barrier() const;

 private:
  struct Group;
  std::shared_ptr<Group> group_;
  int rank_ = 0;
  int size_ = 1;
};

}  // namespace mobileclip::train

#endif  // MOBILECLIP_TRAIN_COMMUNICATOR_H_
