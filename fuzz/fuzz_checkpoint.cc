// Any bytes as a checkpoint: zip, pickle, legacy and safetensors are told apart by content.
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <vector>

#include "base/error.h"
#include "checkpoint/checkpoint.h"

using mobileclip::Checkpoint;
using mobileclip::MappedFile;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const auto* bytes = reinterpret_cast<const std::byte*>(data);
  try {
    const Checkpoint checkpoint =
        Checkpoint::parse(MappedFile::from_bytes({bytes, bytes + size}), "input");
    for (const mobileclip::TensorEntry& tensor : checkpoint.tensors()) {
      // Every element of a view must lie inside its storage; ends of large ones are enough.
      const uint64_t count = tensor.elements();
      if (count == 0) continue;
      const double ends =
          mobileclip::read_element(tensor, 0) + mobileclip::read_element(tensor, count - 1);
      if (ends == 0x1.123456789abcdp-1000) return 0;  // keeps the reads
      if (count <= 4096 && mobileclip::first_non_finite(tensor) > count) std::abort();
    }
  } catch (const mobileclip::Error&) {
  }
  return 0;
}
