/// Writes safetensors files.
#ifndef MOBILECLIP_CHECKPOINT_SAFETENSORS_WRITER_H_
#define MOBILECLIP_CHECKPOINT_SAFETENSORS_WRITER_H_

#include <map>
#include <span>
#include <string>
#include <vector>

#include "base/atomic_file.h"
#include "checkpoint/torch_writer.h"

namespace mobileclip {

/// Header padded so that the data begin on a 64-byte boundary; tensors lie one after the other in
/// the order declared (wide types first keeps them aligned). Equal input gives equal bytes. The
/// file appears under its name only on finish(). Errors: kIo, kNoSpace, kInvalidArgument.
class SafetensorsWriter {
 public:
  SafetensorsWriter(const std::string& path, const std::map<std::string, std::string>& metadata,
                    std::vector<TensorDeclaration> tensors);
  /// The bytes of the next tensor, little-endian, row-major, exactly as many as declared.
  void write(std::span<const std::byte> bytes);
  void finish();

 private:
  AtomicFile file_;
  std::vector<TensorDeclaration> tensors_;
  size_t next_ = 0;
};

}  // namespace mobileclip

#endif  // MOBILECLIP_CHECKPOINT_SAFETENSORS_WRITER_H_
