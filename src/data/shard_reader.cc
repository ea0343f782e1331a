#include "data/shard_reader.h"

#include <archive.h>
#include <archive_entry.h>

#include <algorithm>
#include <cctype>
#include <string_view>
#include <utility>

#include "base/error.h"
#include "base/mapped_file.h"
#include "data/shard_reasons.h"

namespace mobileclip {
namespace {

constexpr int64_t kMaxMember = int64_t{64} << 20;

struct MemberName {
  std::string key, extension;
};

/// Nothing for names without an extension.
std::optional<MemberName> split(std::string_view path) {
  const size_t slash = path.rfind('/');
  const size_t base = slash == std::string_view::npos ? 0 : slash + 1;
  const size_t dot = path.find('.', base);
  if (dot == std::string_view::npos || dot + 1 == path.size() || dot == base) return std::nullopt;
  MemberName out{std::string(path.substr(0, dot)), std::string(path.substr(dot + 1))};
  std::ranges::transform(out.extension, out.extension.begin(), [](unsigned char c) {
    return static_cast<char>(c < 0x80 ? std::tolower(c) : c);
  });
  return out;
}

/// "__name__": what webdataset itself adds.
bool is_reserved(std::string_view path) {
  const std::string_view name = path.substr(path.rfind('/') + 1);
  return name.starts_with("__") && name.find("__", 2) != std::string_view::npos;
}

}  // namespace

struct ShardReader::Impl {
  explicit Impl(const std::string& path) : path_(path), file_(MappedFile::open(path)) {
    archive_.reset(archive_read_new());
    archive_read_support_format_tar(archive_.get());
    const auto bytes = file_->bytes();
    if (bytes.size() < 512) {
      report_.truncated = true;  // not even one header
      ended_ = true;
    } else if (archive_read_open_memory(archive_.get(), bytes.data(), bytes.size()) != ARCHIVE_OK) {
      fail(ErrorCode::kNotCheckpoint, "{}: no tar file: {}", path, reason());
    }
  }

  std::string reason() const {
    const char* text = archive_error_string(archive_.get());
    return text == nullptr ? "damaged" : text;
  }

  /// Reads one member into `pending_`; false at the end of the file.
  bool read_member() {
    archive_entry* entry = nullptr;
    const int status = archive_read_next_header(archive_.get(), &entry);
    if (status == ARCHIVE_EOF) {
      report_.truncated = report_.truncated || !whole_end();
      return false;
    }
    if (status == ARCHIVE_FATAL || status == ARCHIVE_FAILED) {
      if (!any_member_) {
        fail(ErrorCode::kNotCheckpoint, "{}: no tar file: {}", path_, reason());
      }
      report_.truncated = true;
      return false;
    }
    any_member_ = true;
    release_read();
    return take(entry);
  }

  bool take(archive_entry* entry) {
    const char* path = archive_entry_pathname(entry);
    const auto skip = [&](std::string_view why) {
      ++report_.skipped[std::string(why)];
      return true;
    };
    if (path == nullptr) return skip("a name that is not readable");
    if (archive_entry_hardlink(entry) != nullptr || archive_entry_filetype(entry) == AE_IFLNK) {
      return skip("a link");
    }
    if (archive_entry_filetype(entry) == AE_IFDIR) return true;
    if (archive_entry_filetype(entry) != AE_IFREG) return skip("not a regular file");
    if (archive_entry_sparse_count(entry) > 0) return skip("a sparse file");
    const int64_t size = archive_entry_size(entry);
    if (size < 0 || size > kMaxMember) return skip(kSkippedTooLarge);
    if (is_reserved(path)) return skip("a name of webdataset's own");
    std::optional<MemberName> name = split(path);
    if (!name) return skip("a name without extension");
    std::string bytes;
    bytes.resize(static_cast<size_t>(size));
    if (archive_read_data(archive_.get(), bytes.data(), bytes.size()) != size) {
      report_.truncated = true;
      cut_ = name->key;  // the sample this member belongs to is not whole
      return false;
    }
    if (pending_ && pending_->key != name->key) {
      ready_ = std::move(pending_);
      pending_.reset();
    }
    if (!pending_) pending_ = Sample{name->key, {}};
    if (!pending_->members.emplace(std::move(name->extension), std::move(bytes)).second) {
      return skip(kSkippedTwice);
    }
    return true;
  }

  /// Whether the file ends with the zero block that ends every archive.
  bool whole_end() const {
    const auto bytes = file_->bytes();
    return bytes.size() >= 512 &&
           std::ranges::all_of(bytes.last(512), [](std::byte b) { return b == std::byte{0}; });
  }

  /// Members before this one will not be read again.
  void release_read() {
    constexpr int64_t kStep = int64_t{4} << 20;
    const int64_t position = archive_read_header_position(archive_.get());
    if (position - released_ < kStep) return;
    file_->release(file_->bytes().subspan(static_cast<size_t>(released_),
                                          static_cast<size_t>(position - released_)));
    released_ = position;
  }

  std::optional<Sample> next() {
    while (!ended_ && !ready_) ended_ = !read_member();
    if (ready_) return give(ready_);
    // Without an end mark the last sample may lack members.
    if (pending_ && !report_.truncated) return give(pending_);
    if (pending_ && !cut_.empty() && pending_->key != cut_) return give(pending_);
    return std::nullopt;
  }

  std::optional<Sample> give(std::optional<Sample>& sample) {
    ++report_.samples;
    return std::exchange(sample, std::nullopt);
  }

  struct Free {
    void operator()(archive* a) const { archive_read_free(a); }
  };
  std::string path_;
  std::shared_ptr<const MappedFile> file_;
  std::unique_ptr<archive, Free> archive_;
  std::optional<Sample> pending_, ready_;
  std::string cut_;
  int64_t released_ = 0;
  bool ended_ = false, any_member_ = false;
  ShardReport report_;
};

ShardReader::ShardReader(const std::string& path) : impl_(std::make_unique<Impl>(path)) {}
ShardReader::~ShardReader() = default;
ShardReader::ShardReader(ShardReader&&) noexcept = default;
ShardReader& ShardReader::operator=(ShardReader&&) noexcept = default;
std::optional<Sample> ShardReader::next() { return impl_->next(); }
const ShardReport& ShardReader::report() const { return impl_->report_; }

}  // namespace mobileclip
