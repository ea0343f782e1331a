/// Which file of a safetensors index holds which tensor.
#ifndef MOBILECLIP_CHECKPOINT_SAFETENSORS_INDEX_H_
#define MOBILECLIP_CHECKPOINT_SAFETENSORS_INDEX_H_

#include <map>
#include <string>
#include <vector>

#include "checkpoint/byte_reader.h"

namespace mobileclip {

/// File name, without any folder → the names of its tensors. kNotCheckpoint for bytes that are no
/// index, kHostile for a name that could lead elsewhere, kTooLarge.
std::map<std::string, std::vector<std::string>> parse_weight_map(Bytes bytes,
                                                                 const std::string& what);

}  // namespace mobileclip

#endif  // MOBILECLIP_CHECKPOINT_SAFETENSORS_INDEX_H_
