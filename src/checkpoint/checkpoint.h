/// A checkpoint file as named tensors: PyTorch .pt (zip or legacy) or safetensors.
#ifndef MOBILECLIP_CHECKPOINT_CHECKPOINT_H_
#define MOBILECLIP_CHECKPOINT_CHECKPOINT_H_

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/mapped_file.h"
#include "base/thread_pool.h"
#include "checkpoint/tensor_entry.h"

namespace mobileclip {

/// Immutable once opened; every const member may be called from any thread. Opening parses and
/// checks the structure and reads no tensor bytes; verify() checks them. Tensors are views of the
/// mapped file. Nothing in a file is ever executed: globals of a pickle map to an enum, never to a
/// call. Errors: kNotFound, kIo; kNotCheckpoint (empty, HTML page, Git LFS pointer, image, unknown
/// bytes); kUnsupported (TorchScript, tar, PYTORCH1 preview, big-endian, a protocol-5 pickle);
/// kDamaged (truncated, CRC, inconsistent sizes); kHostile (forbidden global or opcode, names or
/// ranges that a writer never makes). The sentence names file, offset, what was expected and found.
class Checkpoint {
 public:
  /// Opens by content, never by extension; a folder means the weights in it (model_folder.h), a
  /// safetensors index all the files beside it that it names.
  static Checkpoint open(const std::string& path);
  /// The same from bytes already mapped or in memory; `name` is what sentences call it.
  static Checkpoint parse(std::shared_ptr<const MappedFile> file, std::string name);

  /// "pytorch-zip", "pytorch-legacy", "safetensors" or "safetensors-index".
  std::string_view format() const { return format_; }
  const std::string& name() const { return name_; }
  /// In file order; names are unique.
  const std::vector<TensorEntry>& tensors() const { return tensors_; }
  /// Null if there is none.
  const TensorEntry* find(std::string_view name) const;
  /// safetensors' __metadata__; empty for the other formats.
  const std::map<std::string, std::string>& metadata() const { return metadata_; }
  /// The text of the open_clip_config.json that lies beside the file; empty if none does.
  const std::string& open_clip_config() const { return open_clip_config_; }
  /// Things worth a message, e.g. a CRC that was not computed by the writer.
  const std::vector<std::string>& warnings() const { return warnings_; }
  /// Whether the tensors are in the inference form that `convert` writes.
  bool is_inference_form() const;
  const MappedFile& file() const { return *file_; }
  /// A file that an index names.
  struct Part {
    std::string name;  ///< its path
    std::shared_ptr<const MappedFile> file;
  };
  /// Of an index, in the order of their names; empty for the other formats.
  const std::vector<Part>& parts() const { return parts_; }

  /// Whether the files are so large that their pages are given back as soon as they were read.
  bool is_large() const;
  /// Gives the pages back that lie in memory; they are read again when touched.
  void release() const;

  /// Checks the CRC-32 of every storage of a zip or block of a file of our own (the other formats
  /// have none), in parallel, and that the weights of a file in inference form are finite. Throws
  /// kDamaged naming the record or tensor. Call once before the values are used.
  void verify(ThreadPool& pool) const;

 private:
  friend class CheckpointBuilder;
  Checkpoint() = default;
  std::shared_ptr<const MappedFile> file_;
  std::vector<Part> parts_;
  std::string name_;
  std::string_view format_;
  std::vector<TensorEntry> tensors_;
  std::map<std::string, size_t, std::less<>> by_name_;
  std::map<std::string, std::string> metadata_;
  std::vector<std::string> warnings_;
  std::string open_clip_config_;
  /// Elements of one tensor that must be finite.
  struct Piece {
    size_t tensor;
    std::span<const std::byte> bytes;
  };
  struct Record {
    std::string name;
    std::span<const std::byte> bytes;
    uint32_t crc;
    std::vector<Piece> pieces = {};
  };
  std::vector<Record> records_;  // what verify() checks
};

/// All elements in row-major order through the strides, converted exactly (float64 → float rounds).
/// `out` has entry.elements() elements. kUnsupported for integer tensors in the floating forms.
void read_elements(const TensorEntry& entry, float* out);
void read_elements(const TensorEntry& entry, double* out);
/// Rows [first, first + count) of a contiguous floating tensor of two or more dimensions, each of
/// elements() / shape[0] values.
void read_rows(const TensorEntry& entry, uint64_t first, uint64_t count, float* out);
/// Element number `index` (row-major) of any dtype as a double (int64 beyond 2^53 rounds), and as
/// int64.
double read_element(const TensorEntry& entry, uint64_t index);
int64_t read_integer(const TensorEntry& entry, uint64_t index);
/// The float32 elements where they lie in the file, if contiguous, float32 and 4-byte aligned; else
/// null.
const float* mapped_floats(const TensorEntry& entry);
/// Whether no element of the whole elements in `bytes` is NaN or infinite. True for integers.
bool all_finite(DType dtype, std::span<const std::byte> bytes);
/// Row-major index of the first NaN or infinity, or elements() if all are finite. Vectorisable,
/// exact.
uint64_t first_non_finite(const TensorEntry& entry);

}  // namespace mobileclip

#endif  // MOBILECLIP_CHECKPOINT_CHECKPOINT_H_
