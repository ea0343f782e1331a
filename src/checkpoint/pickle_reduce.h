/// What REDUCE and persistent ids mean: tensors are described, nothing is called.
#ifndef MOBILECLIP_CHECKPOINT_PICKLE_REDUCE_H_
#define MOBILECLIP_CHECKPOINT_PICKLE_REDUCE_H_

#include <cstdint>
#include <string_view>

#include "checkpoint/pickle_reader.h"

namespace mobileclip {

/// For sentences.
struct PickleContext {
  std::string_view what;
  uint64_t offset;
};

/// The value of callable(*arguments) for an allowed global.
PickleValue reduce_call(const Pickle& pickle, uint32_t callable, uint32_t arguments,
                        const PickleContext& context);

/// The storage that a persistent id names.
PickleValue reduce_persistent_id(const Pickle& pickle, uint32_t id, const PickleContext& context);

}  // namespace mobileclip

#endif  // MOBILECLIP_CHECKPOINT_PICKLE_REDUCE_H_
