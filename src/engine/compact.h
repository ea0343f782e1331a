/// A small storage form of a training-form checkpoint (docs/format.md).
#ifndef MOBILECLIP_ENGINE_COMPACT_H_
#define MOBILECLIP_ENGINE_COMPACT_H_

#include <string>

namespace mobileclip {

/// Reads a checkpoint of any known variant and writes it as safetensors: tensors of 4,096 elements
/// and more as int8 rows with one float32 scale each where a row has 32 elements, else as float16;
/// the rest as float32. Names and shapes stay. Errors: those of Model::load for the input, kIo,
/// kNoSpace.
void write_compact(const std::string& from, const std::string& to, const std::string& licence);

}  // namespace mobileclip

#endif  // MOBILECLIP_ENGINE_COMPACT_H_
