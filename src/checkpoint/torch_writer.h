/// Writes a state_dict as torch.save does.
#ifndef MOBILECLIP_CHECKPOINT_TORCH_WRITER_H_
#define MOBILECLIP_CHECKPOINT_TORCH_WRITER_H_

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/atomic_file.h"
#include "checkpoint/tensor_entry.h"

namespace mobileclip {

struct TensorDeclaration {
  std::string name;
  DType dtype = DType::kFloat32;
  Shape shape;
};

/// A stored zip with ZIP64 end records, payloads on 64-byte boundaries, CRC-32 of every record, and
/// a protocol-2 pickle of an OrderedDict of contiguous tensors: torch.load and Checkpoint read it.
/// The file appears under its name only on finish(). Errors: kIo, kNoSpace, kInvalidArgument.
class TorchWriter {
 public:
  /// All tensors are declared first: torch's layout puts the pickle before the data.
  TorchWriter(const std::string& path, std::vector<TensorDeclaration> tensors);
  /// The same, appended to `*out`, which must outlive this; the records' folder is "archive".
  TorchWriter(std::string* out, std::vector<TensorDeclaration> tensors);
  /// The bytes of the next tensor, little-endian, row-major, exactly as many as declared.
  void write(std::span<const std::byte> bytes);
  void finish();

 private:
  struct Record {
    std::string name;
    uint32_t crc;
    uint64_t size, offset;
  };
  void add(const std::string& name, std::span<const std::byte> bytes);
  void add_text(const std::string& name, const std::string& text);

  void emit(std::string_view bytes);

  std::optional<AtomicFile> file_;
  std::string* memory_ = nullptr;
  std::string prefix_;
  std::vector<TensorDeclaration> tensors_;
  std::vector<Record> records_;
  size_t next_ = 0;
  uint64_t position_ = 0;
};

}  // namespace mobileclip

#endif  // MOBILECLIP_CHECKPOINT_TORCH_WRITER_H_
