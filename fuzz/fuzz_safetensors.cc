// Any bytes as safetensors.
#include <vector>

#include "checkpoint/builder.h"
#include "checkpoint_target.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const auto bytes = mobileclip::fuzz::as_bytes(data, size);
  try {
    const auto checkpoint = mobileclip::read_safetensors(
        {mobileclip::MappedFile::from_bytes({bytes.begin(), bytes.end()}), "input", "safetensors"});
    uint64_t stored = 0;
    for (const auto& tensor : checkpoint.tensors()) stored += tensor.storage.size();
    mobileclip::fuzz::require(stored <= size, "no tensor shares the bytes of another");
    mobileclip::fuzz::probe(mobileclip::fuzz::check_tensors(checkpoint));
  } catch (const mobileclip::Error&) {
  }
  return 0;
}
