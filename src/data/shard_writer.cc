#include "data/shard_writer.h"

#include <archive.h>
#include <archive_entry.h>

#include <exception>

#include "base/atomic_file.h"
#include "base/error.h"

namespace mobileclip {

struct ShardWriter::Impl {
  explicit Impl(const std::string& name) : path(name), file(name) {
    out.reset(archive_write_new());
    archive_write_set_format_pax_restricted(out.get());
    archive_write_set_bytes_in_last_block(out.get(), 1);
    check(archive_write_open(out.get(), this, nullptr, &Impl::write, nullptr));
  }

  /// libarchive's callback: exceptions must not cross it.
  static la_ssize_t write(archive* a, void* self, const void* bytes, size_t size) {
    auto* impl = static_cast<Impl*>(self);
    try {
      impl->file.write({static_cast<const char*>(bytes), size});
      return static_cast<la_ssize_t>(size);
    } catch (...) {
      impl->failure = std::current_exception();
      archive_set_error(a, -1, "write failed");
      return -1;
    }
  }

  void check(long status) {
    if (failure) std::rethrow_exception(failure);
    if (status < ARCHIVE_WARN) {
      fail(ErrorCode::kIo, "{}: {}", path, archive_error_string(out.get()));
    }
  }

  struct Free {
    void operator()(archive* a) const { archive_write_free(a); }
  };
  std::string path;
  AtomicFile file;
  std::exception_ptr failure;
  std::unique_ptr<archive, Free> out;
};

ShardWriter::ShardWriter(const std::string& path) : impl_(std::make_unique<Impl>(path)) {}
ShardWriter::~ShardWriter() = default;

void ShardWriter::add(const Sample& sample) {
  struct FreeEntry {
    void operator()(archive_entry* e) const { archive_entry_free(e); }
  };
  for (const auto& [extension, bytes] : sample.members) {
    const std::unique_ptr<archive_entry, FreeEntry> entry(archive_entry_new());
    archive_entry_set_pathname(entry.get(), (sample.key + "." + extension).c_str());
    archive_entry_set_size(entry.get(), static_cast<la_int64_t>(bytes.size()));
    archive_entry_set_filetype(entry.get(), AE_IFREG);
    archive_entry_set_perm(entry.get(), 0444);
    archive_entry_set_uname(entry.get(), "bigdata");
    archive_entry_set_gname(entry.get(), "bigdata");
    archive_entry_set_mtime(entry.get(), 0, 0);
    impl_->check(archive_write_header(impl_->out.get(), entry.get()));
    impl_->check(archive_write_data(impl_->out.get(), bytes.data(), bytes.size()));
  }
}

void ShardWriter::finish() {
  impl_->check(archive_write_close(impl_->out.get()));
  impl_->file.commit();
}

}  // namespace mobileclip
