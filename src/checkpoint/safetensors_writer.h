/// Writes safetensors files.
#ifndef MOBILECLIP_CHECKPOINT_SAFETENSORS_WRITER_H_
#define MOBILECLIP_CHECKPOINT_SAFETENSORS_WRITER_H_

#include <map>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/atomic_file.h"
#include "checkpoint/torch_writer.h"

namespace mobileclip {

/// Header padded so that the data begin on a page (4,096 bytes); tensors lie one after the other in
/// the order declared (wide types first keeps them aligned). Files whose metadata say they are of
/// our own format get its checksums. Equal input gives equal bytes. The file appears under its name
/// only on finish(). Errors: kIo, kNoSpace, kInvalidArgument.
class SafetensorsWriter {
 public:
  SafetensorsWriter(const std::string& path, std::map<std::string, std::string> metadata,
                    std::vector<TensorDeclaration> tensors);
  /// The same, appended to `*out`, which must outlive this.
  SafetensorsWriter(std::string* out, std::map<std::string, std::string> metadata,
                    std::vector<TensorDeclaration> tensors);
  /// The bytes of the next tensor, little-endian, row-major, exactly as many as declared.
  void write(std::span<const std::byte> bytes);
  void finish();

 private:
  void begin(std::map<std::string, std::string> metadata);
  void emit(std::string_view bytes);
  void add_to_checksums(std::string_view bytes);

  std::optional<AtomicFile> file_;
  std::string* memory_ = nullptr;
  std::vector<TensorDeclaration> tensors_;
  std::string header_;
  bool checksums_ = false;
  std::vector<uint32_t> blocks_;
  uint64_t position_ = 0;  // in the data
  size_t next_ = 0;
};

}  // namespace mobileclip

#endif  // MOBILECLIP_CHECKPOINT_SAFETENSORS_WRITER_H_
