/// What is written is whole: a temporary file in the same folder, fsync, rename, fsync of the
/// folder.
#ifndef MOBILECLIP_BASE_ATOMIC_FILE_H_
#define MOBILECLIP_BASE_ATOMIC_FILE_H_

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace mobileclip {

/// Buffered writer of one file that appears under its final name only on commit(). Destroyed
/// without commit, it removes its temporary file and leaves an old file as it was. A path that is
/// not a regular file (/dev/stdout, a pipe) is written directly. Errors: kIo, kNoSpace, kNotFound.
class AtomicFile {
 public:
  explicit AtomicFile(std::string path);
  ~AtomicFile();
  AtomicFile(const AtomicFile&) = delete;
  AtomicFile& operator=(const AtomicFile&) = delete;

  void write(std::string_view bytes);
  /// Replaces bytes already written, e.g. a header whose counts are known only at the end.
  void overwrite(uint64_t offset, std::string_view bytes);
  /// Flushes, syncs and renames; after it the object is inert.
  void commit();

  /// Commits files of one folder that belong together; regular files named in `gone` go away with
  /// the old ones. Readers look for the last of `files` first: its old version leaves before
  /// anything else is renamed, its new one comes last. So who is killed in between leaves no file
  /// of that name, and never an old one beside new ones; a failure puts the old ones back.
  static void commit_together(std::span<AtomicFile* const> files,
                              std::span<const std::string> gone = {});

 private:
  void flush();
  void finish_writing();
  void take_name();
  [[noreturn]] void fail_and_remove(std::string_view operation);
  void discard();

  std::string path_;
  std::string temporary_;  // empty: written directly
  std::string buffer_;
  int fd_ = -1;
};

/// Makes the names in the folder of `path` last, after a rename. Error kIo.
void sync_folder_of(const std::string& path);

}  // namespace mobileclip

#endif  // MOBILECLIP_BASE_ATOMIC_FILE_H_
