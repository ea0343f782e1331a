#include "base/mapped_file.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdint>

#include "base/error.h"

namespace mobileclip {
namespace {

/// A file descriptor that closes itself; standard input stays open.
class Descriptor {
 public:
  explicit Descriptor(const std::string& path) : path_(path) {
    if (path == "-") {
      fd_ = STDIN_FILENO;
      return;
    }
    do {
      fd_ = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
    } while (fd_ < 0 && errno == EINTR);
    if (fd_ < 0) throw system_error("open", path, errno);
  }
  ~Descriptor() {
    if (fd_ != STDIN_FILENO) ::close(fd_);
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;

  int get() const { return fd_; }
  struct stat status() const {
    struct stat status {};
    if (::fstat(fd_, &status) != 0) throw system_error("examine", path_, errno);
    if (S_ISDIR(status.st_mode)) {
      fail(ErrorCode::kInvalidArgument, "{} is a folder, expected a file", quote(path_));
    }
    return status;
  }
  /// Appends all that is left to read; `append` gets each piece.
  template <typename Append>
  void drain(size_t limit, const Append& append) const {
    std::vector<char> piece(1 << 16);
    size_t total = 0;
    for (;;) {
      const ssize_t n = ::read(fd_, piece.data(), piece.size());
      if (n < 0 && errno == EINTR) continue;
      if (n < 0) throw system_error("read", path_, errno);
      if (n == 0) return;
      total += static_cast<size_t>(n);
      if (total > limit) {
        fail(ErrorCode::kTooLarge, "{} is larger than {} bytes", quote(path_), limit);
      }
      append(piece.data(), static_cast<size_t>(n));
    }
  }

 private:
  const std::string& path_;
  int fd_ = -1;
};

}  // namespace

std::shared_ptr<const MappedFile> MappedFile::open(const std::string& path, size_t limit) {
  const Descriptor file(path);
  const struct stat status = file.status();
  std::shared_ptr<MappedFile> out(new MappedFile);
  if (S_ISREG(status.st_mode) && path != "-") {
    const auto size = static_cast<size_t>(status.st_size);
    if (size > limit) {
      fail(ErrorCode::kTooLarge, "{} has {} bytes, more than {}", quote(path), size, limit);
    }
    if (size == 0) return out;
    void* mapping = ::mmap(nullptr, size, PROT_READ, MAP_PRIVATE, file.get(), 0);
    if (mapping != MAP_FAILED) {
      out->mapping_ = mapping;
      out->bytes_ = {static_cast<const std::byte*>(mapping), size};
      return out;
    }
    out->owned_.reserve(size);
  }
  file.drain(limit, [&](const char* data, size_t n) {
    const auto* bytes = reinterpret_cast<const std::byte*>(data);
    out->owned_.insert(out->owned_.end(), bytes, bytes + n);
  });
  out->bytes_ = out->owned_;
  return out;
}

std::shared_ptr<const MappedFile> MappedFile::from_bytes(std::vector<std::byte> bytes) {
  std::shared_ptr<MappedFile> out(new MappedFile);
  out->owned_ = std::move(bytes);
  out->bytes_ = out->owned_;
  return out;
}

std::shared_ptr<const MappedFile> MappedFile::view(std::span<const std::byte> bytes) {
  std::shared_ptr<MappedFile> out(new MappedFile);
  out->bytes_ = bytes;
  return out;
}

MappedFile::~MappedFile() {
  if (mapping_ != nullptr) ::munmap(mapping_, bytes_.size());
}

void MappedFile::release(std::span<const std::byte> range) const {
  if (mapping_ == nullptr || range.empty()) return;
  const auto page = static_cast<uintptr_t>(::sysconf(_SC_PAGESIZE));
  const auto begin = (reinterpret_cast<uintptr_t>(range.data()) + page - 1) & ~(page - 1);
  const auto end = reinterpret_cast<uintptr_t>(range.data() + range.size()) & ~(page - 1);
  if (begin >= end) return;
  // NOLINTNEXTLINE(performance-no-int-to-ptr): page arithmetic on a mapping of ours
  ::madvise(reinterpret_cast<void*>(begin), end - begin, MADV_DONTNEED);
}

std::string read_file(const std::string& path, size_t limit) {
  const Descriptor file(path);
  file.status();
  std::string out;
  file.drain(limit, [&](const char* data, size_t n) { out.append(data, n); });
  return out;
}

}  // namespace mobileclip
