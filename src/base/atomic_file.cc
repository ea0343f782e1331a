#include "base/atomic_file.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <utility>
#include <vector>

#include "base/error.h"

namespace mobileclip {
namespace {

constexpr size_t kBufferSize = size_t{1} << 20;

/// Writes all bytes at the current position (or at `offset` if ≥ 0); false with errno on failure.
bool write_all(int fd, std::string_view bytes, off_t offset) {
  while (!bytes.empty()) {
    const ssize_t n = offset < 0 ? ::write(fd, bytes.data(), bytes.size())
                                 : ::pwrite(fd, bytes.data(), bytes.size(), offset);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return false;
    if (n == 0) {
      errno = ENOSPC;
      return false;
    }
    bytes.remove_prefix(static_cast<size_t>(n));
    if (offset >= 0) offset += n;
  }
  return true;
}

std::string folder_of(const std::string& path) {
  const size_t slash = path.rfind('/');
  if (slash == std::string::npos) return ".";
  return slash == 0 ? "/" : path.substr(0, slash);
}

/// Follows a symbolic link, so that a link stays a link and its target is replaced.
std::string resolve_link(const std::string& path) {
  char* resolved = ::realpath(path.c_str(), nullptr);
  if (resolved == nullptr) return path;
  std::string out(resolved);
  ::free(resolved);  // NOLINT(cppcoreguidelines-no-malloc): realpath's own buffer
  return out;
}

std::string name_of(const std::string& path) { return path.substr(path.rfind('/') + 1); }

/// Removes the temporary files that killed writers of `path` have left. A writer at work holds a
/// lock on its own.
void remove_leftovers(const std::string& path) {
  const std::string folder = folder_of(path), prefix = name_of(path) + ".";
  DIR* const entries = ::opendir(folder.c_str());
  if (entries == nullptr) return;
  // NOLINTNEXTLINE(concurrency-mt-unsafe): a stream of our own
  while (const dirent* const entry = ::readdir(entries)) {
    const std::string_view name = entry->d_name;
    if (!name.starts_with(prefix) || !name.ends_with(".part")) continue;
    const std::string_view middle = name.substr(prefix.size(), name.size() - prefix.size() - 5);
    if (middle.empty() || middle.find_first_not_of("0123456789-") != std::string_view::npos) {
      continue;
    }
    const int fd = ::openat(::dirfd(entries), entry->d_name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0) continue;
    if (::flock(fd, LOCK_EX | LOCK_NB) == 0) ::unlinkat(::dirfd(entries), entry->d_name, 0);
    ::close(fd);
  }
  ::closedir(entries);
}

/// Locks a file just made; true if another writer takes it for a leftover. File systems without
/// locks are written to without.
bool taken_away(int fd) {
  if (::flock(fd, LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK) return true;
  struct stat status {};
  return ::fstat(fd, &status) == 0 && status.st_nlink == 0;
}

/// A name beside `path` that remove_leftovers() knows.
std::string temporary_name(const std::string& path) {
  static std::atomic<unsigned> counter{0};
  return fmt::format("{}.{}-{}.part", path, ::getpid(), counter++);
}

/// Files that make room for their successors, and can be put back.
class OldVersions {
 public:
  /// Moves a regular file out of its name, for good: the name is free even after a power cut.
  void move(const std::string& path) {
    struct stat status {};
    if (::lstat(path.c_str(), &status) != 0 || !S_ISREG(status.st_mode)) return;
    moved_.push_back({path, temporary_name(path)});
    if (::rename(path.c_str(), moved_.back().now.c_str()) != 0) {
      moved_.pop_back();
      throw system_error("rename", path, errno);
    }
    if (moved_.size() == 1) sync_folder_of(path);
  }
  void put_back() {
    for (const Moved& file : moved_) ::rename(file.now.c_str(), file.path.c_str());
  }
  void remove() {
    for (const Moved& file : moved_) ::unlink(file.now.c_str());
  }

 private:
  struct Moved {
    std::string path, now;
  };
  std::vector<Moved> moved_;
};

}  // namespace

AtomicFile::AtomicFile(std::string path) : path_(std::move(path)) {
  struct stat status {};
  mode_t mode = 0;
  if (::stat(path_.c_str(), &status) == 0) {
    if (S_ISDIR(status.st_mode)) {
      fail(ErrorCode::kIo, "cannot write {}: it is a folder", quote(path_));
    }
    if (!S_ISREG(status.st_mode)) {
      fd_ = ::open(path_.c_str(), O_WRONLY | O_CLOEXEC);
      if (fd_ < 0) throw system_error("write", path_, errno);
      return;
    }
    mode = status.st_mode & 07777;
    path_ = resolve_link(path_);
    if (::access(path_.c_str(), W_OK) != 0) throw system_error("write", path_, errno);
  }
  remove_leftovers(path_);
  for (;;) {
    temporary_ = temporary_name(path_);
    fd_ = ::open(temporary_.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
    if (fd_ >= 0 && !taken_away(fd_)) break;
    if (fd_ >= 0) {
      ::close(std::exchange(fd_, -1));
      continue;
    }
    if (errno == EEXIST || errno == EINTR) continue;
    const int error = errno;
    temporary_.clear();
    throw system_error("write", path_, error);
  }
  if (mode != 0) ::fchmod(fd_, mode);
}

AtomicFile::~AtomicFile() { discard(); }

void AtomicFile::discard() {
  if (fd_ >= 0) ::close(fd_);
  fd_ = -1;
  if (!temporary_.empty()) ::unlink(temporary_.c_str());
  temporary_.clear();
}

void AtomicFile::fail_and_remove(std::string_view operation) {
  const Error error = system_error(operation, path_, errno);
  discard();
  throw error;
}

void AtomicFile::flush() {
  if (!write_all(fd_, buffer_, -1)) fail_and_remove("write");
  buffer_.clear();
}

void AtomicFile::write(std::string_view bytes) {
  buffer_ += bytes;
  if (buffer_.size() >= kBufferSize) flush();
}

void AtomicFile::overwrite(uint64_t offset, std::string_view bytes) {
  flush();
  if (!write_all(fd_, bytes, static_cast<off_t>(offset))) fail_and_remove("write");
}

void AtomicFile::finish_writing() {
  flush();
  if (temporary_.empty()) {
    const int status = ::close(std::exchange(fd_, -1));
    if (status != 0) throw system_error("write", path_, errno);
  } else if (::fsync(fd_) != 0) {
    fail_and_remove("write");
  }
}

void AtomicFile::take_name() {
  const int lock = ::fcntl(fd_, F_DUPFD_CLOEXEC, 0);  // until the name is the final one
  const bool closed = ::close(std::exchange(fd_, -1)) == 0;
  const bool renamed = closed && ::rename(temporary_.c_str(), path_.c_str()) == 0;
  const int why = errno;
  ::close(lock);
  errno = why;
  if (!renamed) fail_and_remove(closed ? "rename to" : "write");
  temporary_.clear();
}

void AtomicFile::commit() {
  finish_writing();
  if (temporary_.empty()) return;
  take_name();
  sync_folder_of(path_);
}

void AtomicFile::commit_together(std::span<AtomicFile* const> files,
                                 std::span<const std::string> gone) {
  std::vector<AtomicFile*> renamed;
  for (AtomicFile* const file : files) {
    file->finish_writing();
    if (!file->temporary_.empty()) renamed.push_back(file);
  }
  if (renamed.empty()) return;
  const std::string& first = renamed.back()->path_;
  OldVersions old;
  size_t placed = 0;
  try {
    for (auto file = renamed.rbegin(); file != renamed.rend(); ++file) old.move((*file)->path_);
    for (const std::string& path : gone) old.move(path);
    for (; placed + 1 < renamed.size(); ++placed) renamed[placed]->take_name();
    sync_folder_of(first);
    renamed[placed]->take_name();
  } catch (...) {
    for (size_t i = 0; i < placed; ++i) ::unlink(renamed[i]->path_.c_str());
    old.put_back();
    throw;
  }
  old.remove();
  sync_folder_of(first);
}

void sync_folder_of(const std::string& path) {
  const std::string folder = folder_of(path);
  const int folder_fd = ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (folder_fd < 0) return;  // a folder that may be written but not read: nothing to sync through
  const int status = ::fsync(folder_fd);
  const int error = errno;
  ::close(folder_fd);
  if (status != 0 && error != EINVAL) throw system_error("sync", folder, error);
}

}  // namespace mobileclip
