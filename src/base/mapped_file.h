/// A whole file as read-only bytes.
#ifndef MOBILECLIP_BASE_MAPPED_FILE_H_
#define MOBILECLIP_BASE_MAPPED_FILE_H_

#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <vector>

namespace mobileclip {

/// Maps a regular file (or reads what cannot be mapped: a pipe, /dev/stdin). Thread-safe to read.
/// Errors: kNotFound, kIo, kInvalidArgument for a folder, kTooLarge over `limit` bytes.
class MappedFile {
 public:
  static std::shared_ptr<const MappedFile> open(const std::string& path, size_t limit = SIZE_MAX);
  /// Bytes that are in memory already, for tests and for callers with a buffer of their own.
  static std::shared_ptr<const MappedFile> from_bytes(std::vector<std::byte> bytes);
  /// Bytes that outlive every user, e.g. those embedded in the program; nothing is copied.
  static std::shared_ptr<const MappedFile> view(std::span<const std::byte> bytes);
  ~MappedFile();
  MappedFile(const MappedFile&) = delete;
  MappedFile& operator=(const MappedFile&) = delete;

  std::span<const std::byte> bytes() const { return bytes_; }
  /// Tells the kernel that the pages wholly inside `range` are not needed soon: lowers the resident
  /// set. They are read again from the file when touched. No effect on unmapped bytes.
  void release(std::span<const std::byte> range) const;

 private:
  MappedFile() = default;
  std::span<const std::byte> bytes_;
  std::vector<std::byte> owned_;
  void* mapping_ = nullptr;
};

/// The whole of a small file or stream (`-` is standard input) as a string; same errors.
std::string read_file(const std::string& path, size_t limit);

}  // namespace mobileclip

#endif  // MOBILECLIP_BASE_MAPPED_FILE_H_
