/// From a pickle's values to named tensors over storages.
#ifndef MOBILECLIP_CHECKPOINT_TORCH_VALUES_H_
#define MOBILECLIP_CHECKPOINT_TORCH_VALUES_H_

#include <functional>

#include "checkpoint/builder.h"
#include "checkpoint/pickle_reader.h"

namespace mobileclip {

/// Bytes of the storage with this key; throws if there is none.
using FindStorage = std::function<Bytes(const std::string& key)>;

/// Adds every tensor reachable from the root; its name is the path of keys joined by '.'. kHostile
/// for nesting deeper than 64 (so for cycles), for a key used with two types or sizes, for a
/// declared size that is not the storage's.
void add_tensors(CheckpointBuilder& builder, const Pickle& pickle, const FindStorage& storage);

}  // namespace mobileclip

#endif  // MOBILECLIP_CHECKPOINT_TORCH_VALUES_H_
