#include "download/part_file.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>
#include <utility>

#include "base/atomic_file.h"
#include "base/error.h"

namespace mobileclip {
namespace {

/// True if `path` is still the file that `fd` is.
bool same_file(int fd, const std::string& path) {
  struct stat open {
  }, named{};
  return ::fstat(fd, &open) == 0 && ::stat(path.c_str(), &named) == 0 &&
         open.st_ino == named.st_ino && open.st_dev == named.st_dev;
}

int lock_file(int fd, int how) {
  int status = 0;
  do {
    status = ::flock(fd, how);
  } while (status != 0 && errno == EINTR);
  return status;
}

}  // namespace

PartFile::PartFile(std::string path, const std::function<void()>& waiting)
    : path_(std::move(path)), part_(path_ + ".part"), origin_path_(part_ + ".json") {
  while (!lock(waiting)) {
  }
  struct stat status {};
  if (::fstat(fd_, &status) == 0) size_ = static_cast<uint64_t>(status.st_size);
  if (size_ > 0) read_origin();
}

PartFile::~PartFile() {
  if (fd_ < 0) return;
  if (size_ == 0) remove();
  if (fd_ >= 0) ::close(fd_);
}

/// False if the file was renamed or removed by the process that had it: then there is another one.
bool PartFile::lock(const std::function<void()>& waiting) {
  fd_ = ::open(part_.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0666);
  if (fd_ < 0) throw system_error("write", part_, errno);
  int status = lock_file(fd_, LOCK_EX | LOCK_NB);
  if (status != 0 && errno == EWOULDBLOCK) {
    waiting();
    status = lock_file(fd_, LOCK_EX);
  }
  // A file system without locks (some network ones) is used without.
  if (status != 0 && errno != ENOLCK && errno != ENOTSUP && errno != EINVAL) {
    const Error error = system_error("lock", part_, errno);
    ::close(std::exchange(fd_, -1));
    throw error;
  }
  if (same_file(fd_, part_)) return true;
  ::close(std::exchange(fd_, -1));
  return false;
}

void PartFile::read_origin() {
  std::ifstream file(origin_path_, std::ios::binary);
  const std::string text{std::istreambuf_iterator<char>(file), {}};
  const auto json = nlohmann::json::parse(text, nullptr, false);
  if (!json.is_object()) return;
  try {
    if (!json.at("size").is_number_unsigned()) return;
    origin_ = {json.at("address").get<std::string>(), json.at("etag").get<std::string>(),
               json.at("size").get<uint64_t>(), json.at("sha256").get<std::string>()};
  } catch (const nlohmann::json::exception&) {
    origin_ = {};  // not ours: the part begins again
  }
}

void PartFile::restart(const PartOrigin& origin) {
  if (::ftruncate(fd_, 0) != 0) throw system_error("write", part_, errno);
  size_ = 0;
  origin_ = origin;
  write_origin();
}

void PartFile::learn(const std::string& sha256) {
  origin_.sha256 = sha256;
  write_origin();
}

void PartFile::write_origin() {
  const nlohmann::json json = {{"address", origin_.address},
                               {"etag", origin_.etag},
                               {"size", origin_.size},
                               {"sha256", origin_.sha256}};
  AtomicFile file(origin_path_);
  file.write(json.dump(1, ' ', false, nlohmann::json::error_handler_t::replace) + "\n");
  file.commit();
}

void PartFile::append(std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t n = ::pwrite(fd_, bytes.data(), bytes.size(), static_cast<off_t>(size_));
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) throw system_error("write", part_, n < 0 ? errno : ENOSPC);
    size_ += static_cast<uint64_t>(n);
    bytes.remove_prefix(static_cast<size_t>(n));
  }
}

void PartFile::commit() {
  if (::fsync(fd_) != 0) throw system_error("write", part_, errno);
  if (::rename(part_.c_str(), path_.c_str()) != 0) throw system_error("rename to", path_, errno);
  ::unlink(origin_path_.c_str());
  ::close(std::exchange(fd_, -1));
  sync_folder_of(path_);
}

void PartFile::remove() {
  ::unlink(origin_path_.c_str());
  ::unlink(part_.c_str());
  ::close(std::exchange(fd_, -1));
}

}  // namespace mobileclip
