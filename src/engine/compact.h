/// A small storage form of a training-form checkpoint (docs/format.md).
#ifndef MOBILECLIP_ENGINE_COMPACT_H_
#define MOBILECLIP_ENGINE_COMPACT_H_

#include <string>

#include "base/thread_pool.h"
#include "checkpoint/checkpoint.h"

namespace mobileclip {

/// Reads a checkpoint of any known variant and writes it as safetensors: tensors of 4,096 elements
/// and more as int8 rows with one float32 scale each where a row has 32 elements, else as float16;
/// the rest as float32. Names and shapes stay. `licence` is of the weights; empty: the variant's.
/// Errors: those of Model::load for the input, kUnsupported for one in inference form, kIo,
/// kNoSpace.
void write_compact(const Checkpoint& from, const std::string& to, const std::string& licence,
                   ThreadPool& pool);

}  // namespace mobileclip

#endif  // MOBILECLIP_ENGINE_COMPACT_H_
