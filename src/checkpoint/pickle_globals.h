/// The allow-list of globals.
#ifndef MOBILECLIP_CHECKPOINT_PICKLE_GLOBALS_H_
#define MOBILECLIP_CHECKPOINT_PICKLE_GLOBALS_H_

#include <optional>
#include <string_view>

#include "checkpoint/pickle_reader.h"

namespace mobileclip {

struct AllowedGlobal {
  PickleGlobal global;
  DType dtype = DType::kFloat32;
};

/// Nothing if `module`.`name` is not allowed.
std::optional<AllowedGlobal> find_global(std::string_view module, std::string_view name);

}  // namespace mobileclip

#endif  // MOBILECLIP_CHECKPOINT_PICKLE_GLOBALS_H_
