/// Checkpoints in the inference form, ready to be mapped and run (docs/format.md).
#ifndef MOBILECLIP_ENGINE_CONVERT_H_
#define MOBILECLIP_ENGINE_CONVERT_H_

#include <string>

#include "base/dtype.h"
#include "base/thread_pool.h"
#include "checkpoint/checkpoint.h"

namespace mobileclip {

struct ConvertOptions {
  /// Of matrices, depthwise kernels and the token table: kFloat32, kFloat16 or kBFloat16. The rest
  /// (biases, norms, positions) is always float32, and with kBFloat16 the smallest matrices are too
  /// (docs/format.md); arithmetic is float32 with all of them.
  DType dtype = DType::kFloat32;
  std::string arch;           ///< variant name, or empty: recognised
  std::string source_sha256;  ///< of the input file, kept in the output's metadata
};

/// Loads a checkpoint of any known variant, itself perhaps converted, and writes its inference
/// form. Equal inputs give equal bytes. Errors: those of Model::load for the input;
/// kInvalidArgument for a weight too large for float16; kIo, kNoSpace.
void write_converted(const Checkpoint& from, const std::string& to, const ConvertOptions& options,
                     ThreadPool& pool);

}  // namespace mobileclip

#endif  // MOBILECLIP_ENGINE_CONVERT_H_
