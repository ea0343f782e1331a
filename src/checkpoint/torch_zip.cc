// torch.save's zip format (PyTorch 1.6 and later).
#include <libdeflate.h>

#include <charconv>
#include <unordered_map>

#include "checkpoint/builder.h"
#include "checkpoint/pickle_reader.h"
#include "checkpoint/torch_values.h"
#include "checkpoint/zip_reader.h"

namespace mobileclip {
namespace {

constexpr uint64_t kMaxPickle = uint64_t{64} << 20;

uint32_t crc32(Bytes bytes) { return libdeflate_crc32(0, bytes.data(), bytes.size()); }

/// The small records are checked at once: they are parsed now.
void require_crc(const CheckpointBuilder& builder, const ZipEntry& entry) {
  if (entry.crc != 0 && crc32(entry.data) != entry.crc) {
    fail(ErrorCode::kDamaged, "{}: the CRC-32 of {} does not match: the file is corrupt",
         builder.what(), quote(entry.name));
  }
}

std::string_view trimmed(Bytes bytes) {
  std::string_view text = as_text(bytes);
  while (!text.empty() && (text.back() == '\n' || text.back() == '\r')) text.remove_suffix(1);
  return text;
}

class TorchZip {
 public:
  explicit TorchZip(CheckpointBuilder builder) : builder_(std::move(builder)) {
    entries_ = read_zip(builder_.bytes(), builder_.what());
    if (entries_.empty()) {
      fail(ErrorCode::kNotCheckpoint, "{} is an empty zip, not a checkpoint", builder_.what());
    }
    find_prefix();
    for (const ZipEntry& entry : entries_) {
      by_name_.emplace(std::string_view(entry.name).substr(prefix_.size()), &entry);
    }
  }

  Checkpoint read() {
    if (find("constants.pkl") != nullptr || has_code()) {
      fail(ErrorCode::kUnsupported,
           "{} is a TorchScript archive (a program, as OpenAI publishes its models); the form that "
           "works is the state_dict, as torch.save(model.state_dict()) writes it, or open_clip's "
           "open_clip_pytorch_model.bin or open_clip_model.safetensors of the same model",
           builder_.what());
    }
    check_version();
    const ZipEntry* record = find("data.pkl");
    if (record == nullptr) {
      fail(ErrorCode::kNotCheckpoint, "{} is a zip without data.pkl: not a PyTorch checkpoint",
           builder_.what());
    }
    if (record->data.size() > kMaxPickle) {
      fail(ErrorCode::kTooLarge, "{}: data.pkl has {} bytes, more than {}", builder_.what(),
           record->data.size(), kMaxPickle);
    }
    require_crc(builder_, *record);
    const std::string what = builder_.what();
    const auto base = static_cast<uint64_t>(record->data.data() - builder_.bytes().data());
    ByteReader reader(record->data, what, base);
    const Pickle pickle = read_pickle(reader, what);
    if (reader.left() != 0) {
      fail(ErrorCode::kHostile, "{}: {} bytes follow the end of the pickle", what, reader.left());
    }
    add_tensors(builder_, pickle, [&](const std::string& key) { return storage(key).data; });
    add_records();
    return builder_.finish();
  }

 private:
  void find_prefix() {
    const std::string& first = entries_.front().name;
    const size_t slash = first.find('/');
    if (slash == std::string::npos || slash == 0) {
      fail(ErrorCode::kNotCheckpoint,
           "{} is a zip but not a PyTorch checkpoint: {} is in no folder", builder_.what(),
           quote(first));
    }
    prefix_ = first.substr(0, slash + 1);
    for (const ZipEntry& entry : entries_) {
      if (!entry.name.starts_with(prefix_)) {
        fail(ErrorCode::kHostile, "{}: {} lies outside the archive's folder {}", builder_.what(),
             quote(entry.name), quote(prefix_));
      }
    }
  }

  const ZipEntry* find(std::string_view name) const {
    const auto found = by_name_.find(name);
    return found == by_name_.end() ? nullptr : found->second;
  }

  bool has_code() const {
    for (const auto& [name, entry] : by_name_) {
      if (name.starts_with("code/")) return true;
    }
    return false;
  }

  void check_version() const {
    if (const ZipEntry* entry = find("version")) {
      require_crc(builder_, *entry);
      const std::string_view text = trimmed(entry->data);
      int version = 0;
      const auto parsed = std::from_chars(text.data(), text.data() + text.size(), version);
      if (parsed.ec != std::errc() || parsed.ptr != text.data() + text.size() || version < 1 ||
          version > 10) {
        fail(ErrorCode::kUnsupported, "{}: format version {} is not 1 to 10", builder_.what(),
             quote(text));
      }
    }
    if (const ZipEntry* entry = find("byteorder")) {
      require_crc(builder_, *entry);
      if (trimmed(entry->data) != "little") {
        fail(ErrorCode::kUnsupported, "{}: byte order is {}, only little is read", builder_.what(),
             quote(trimmed(entry->data)));
      }
    }
  }

  const ZipEntry& storage(const std::string& key) const {
    const ZipEntry* entry = find("data/" + key);
    if (entry == nullptr) {
      fail(ErrorCode::kDamaged, "{}: storage {} is named but not in the file", builder_.what(),
           quote(key));
    }
    return *entry;
  }

  void add_records() {
    size_t unchecked = 0;
    for (const ZipEntry& entry : entries_) {
      if (entry.crc == 0 && !entry.data.empty() && crc32(entry.data) != 0) {
        ++unchecked;
      } else {
        builder_.add_record(entry.name, entry.data, entry.crc);
      }
    }
    if (unchecked != 0) {
      builder_.warn(fmt::format(
          "{}: {} of {} records carry no CRC-32 (their writer did not compute it): damage to them "
          "cannot be seen",
          builder_.what(), unchecked, entries_.size()));
    }
  }

  CheckpointBuilder builder_;
  std::vector<ZipEntry> entries_;
  std::string prefix_;
  std::unordered_map<std::string_view, const ZipEntry*> by_name_;
};

}  // namespace

Checkpoint read_torch_zip(CheckpointBuilder builder) { return TorchZip(std::move(builder)).read(); }

}  // namespace mobileclip
