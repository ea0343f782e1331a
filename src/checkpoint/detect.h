/// What kind of file this is, from its first bytes.
#ifndef MOBILECLIP_CHECKPOINT_DETECT_H_
#define MOBILECLIP_CHECKPOINT_DETECT_H_

#include <string_view>

#include "checkpoint/byte_reader.h"

namespace mobileclip {

enum class CheckpointFormat { kTorchZip, kTorchLegacy, kSafetensors };

/// Throws kNotCheckpoint or kUnsupported with a sentence that says what the file is instead.
CheckpointFormat detect_checkpoint(Bytes bytes, std::string_view what);

}  // namespace mobileclip

#endif  // MOBILECLIP_CHECKPOINT_DETECT_H_
