/// A file that arrives over several runs: PATH.part, and PATH.part.json, which says of what it is
/// part.
#ifndef MOBILECLIP_DOWNLOAD_PART_FILE_H_
#define MOBILECLIP_DOWNLOAD_PART_FILE_H_

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

namespace mobileclip {

/// What the bytes in a part are of.
struct PartOrigin {
  std::string address;
  std::string etag;    ///< strong, or empty: then the part cannot be continued
  uint64_t size = 0;   ///< of the whole file; 0 if it was not said
  std::string sha256;  ///< of the whole file, as the server stated it; may be empty
};

/// Holds a lock while it lives: one process at a time writes a part. Destroyed without commit() or
/// remove() it leaves what it has. Errors: kIo, kNoSpace, kNotFound.
class PartFile {
 public:
  /// Opens or makes PATH.part; calls `waiting` once if another process has it, and waits.
  PartFile(std::string path, const std::function<void()>& waiting);
  ~PartFile();
  PartFile(const PartFile&) = delete;
  PartFile& operator=(const PartFile&) = delete;

  const std::string& path() const { return part_; }
  uint64_t size() const { return size_; }
  const PartOrigin& origin() const { return origin_; }

  /// Empties it, for bytes of `origin`.
  void restart(const PartOrigin& origin);
  /// Keeps a hash that the server states only now.
  void learn(const std::string& sha256);
  void append(std::string_view bytes);
  /// To the disk and under its final name, which may exist.
  void commit();
  void remove();

 private:
  bool lock(const std::function<void()>& waiting);
  void read_origin();
  void write_origin();

  std::string path_, part_, origin_path_;
  PartOrigin origin_;
  uint64_t size_ = 0;
  int fd_ = -1;
};

}  // namespace mobileclip

#endif  // MOBILECLIP_DOWNLOAD_PART_FILE_H_
