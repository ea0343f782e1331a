#include "checkpoint/zip_reader.h"

#include <algorithm>
#include <cctype>
#include <unordered_set>

namespace mobileclip {
namespace {

constexpr uint32_t kLocalSignature = 0x04034b50;
constexpr uint32_t kCentralSignature = 0x02014b50;
constexpr uint32_t kDescriptorSignature = 0x08074b50;
constexpr uint32_t kEndSignature = 0x06054b50;
constexpr uint32_t kEnd64Signature = 0x06064b50;
constexpr uint32_t kLocator64Signature = 0x07064b50;
constexpr uint64_t kEndSize = 22;
constexpr uint64_t kLocator64Size = 20;
constexpr uint64_t kEnd64Size = 56;
constexpr uint64_t kMaxEntries = 100'000;
constexpr uint16_t kFlagDescriptor = 0x0008;
constexpr uint16_t kFlagUtf8 = 0x0800;

/// Where the central directory lies and how many entries it has.
struct Directory {
  uint64_t entries, size, offset;
  uint64_t end;  // of what may hold entries and the directory
};

struct Central {
  std::string name;
  uint16_t flags = 0;
  uint32_t crc = 0;
  uint64_t size = 0;
  uint64_t local_offset = 0;
};

Bytes part(Bytes file, uint64_t offset, uint64_t size, std::string_view what) {
  if (!range_inside(offset, size, file.size())) {
    fail(ErrorCode::kDamaged,
         "{}: a zip record of {} bytes at byte {} lies outside the {} bytes of the file; it is "
         "truncated or corrupt",
         what, size, offset, file.size());
  }
  return file.subspan(offset, size);
}

/// A 64-bit field must repeat its 32- or 16-bit twin unless that is saturated.
void require_agreement(uint64_t narrow, uint64_t saturated, uint64_t wide, std::string_view field,
                       std::string_view what) {
  if (narrow != saturated && narrow != wide) {
    fail(ErrorCode::kHostile, "{}: the zip says {} as {} in one place and {} in another", what,
         field, narrow, wide);
  }
}

Directory read_end64(Bytes file, const Directory& narrow, uint64_t end_offset,
                     std::string_view what) {
  const uint64_t locator_offset = end_offset - kLocator64Size;
  ByteReader locator(part(file, locator_offset, kLocator64Size, what), what, locator_offset);
  locator.u32();
  const uint32_t disk = locator.u32();
  const uint64_t end64_offset = locator.u64();
  const uint32_t disks = locator.u32();
  ByteReader end64(part(file, end64_offset, kEnd64Size, what), what, end64_offset);
  const bool in_place = checked_add(end64_offset, kEnd64Size) == locator_offset;
  if (end64.u32() != kEnd64Signature || end64.u64() != kEnd64Size - 12 || !in_place || disk != 0 ||
      disks > 1) {
    fail(ErrorCode::kHostile, "{}: the zip64 end record at byte {} is malformed", what,
         end64_offset);
  }
  end64.u32();  // versions
  const uint32_t this_disk = end64.u32();
  const uint32_t directory_disk = end64.u32();
  const uint64_t entries_here = end64.u64();
  Directory wide{};
  wide.entries = end64.u64();
  wide.size = end64.u64();
  wide.offset = end64.u64();
  wide.end = end64_offset;
  if (this_disk != 0 || directory_disk != 0 || entries_here != wide.entries) {
    fail(ErrorCode::kHostile, "{}: the zip spans several disks", what);
  }
  require_agreement(narrow.entries, 0xFFFF, wide.entries, "the number of entries", what);
  require_agreement(narrow.size, 0xFFFFFFFF, wide.size, "the directory's size", what);
  require_agreement(narrow.offset, 0xFFFFFFFF, wide.offset, "the directory's offset", what);
  return wide;
}

Directory read_end(Bytes file, std::string_view what) {
  if (file.size() < kEndSize) {
    fail(ErrorCode::kDamaged, "{} is a zip of {} bytes without its end: it is truncated", what,
         file.size());
  }
  const uint64_t end_offset = file.size() - kEndSize;
  ByteReader end(file.subspan(end_offset), what, end_offset);
  if (end.u32() != kEndSignature) {
    fail(ErrorCode::kDamaged,
         "{} does not end in a zip directory: it is truncated, or something was appended", what);
  }
  const uint16_t disk = end.u16();
  const uint16_t directory_disk = end.u16();
  const uint16_t entries_here = end.u16();
  Directory out{};
  out.entries = end.u16();
  out.size = end.u32();
  out.offset = end.u32();
  out.end = end_offset;
  const uint16_t comment = end.u16();
  if (disk != 0 || directory_disk != 0 || entries_here != out.entries || comment != 0) {
    fail(ErrorCode::kHostile, "{}: the zip spans several disks or carries a comment", what);
  }
  if (end_offset >= kLocator64Size) {
    ByteReader locator(file.subspan(end_offset - kLocator64Size, 4), what);
    if (locator.u32() == kLocator64Signature) out = read_end64(file, out, end_offset, what);
  }
  if (out.entries > kMaxEntries) {
    fail(ErrorCode::kTooLarge, "{}: the zip declares {} entries, more than {}", what, out.entries,
         kMaxEntries);
  }
  if (checked_add(out.offset, out.size) != out.end) {
    fail(ErrorCode::kDamaged,
         "{}: the zip directory of {} bytes at byte {} does not end at byte {}; the file is "
         "truncated or corrupt",
         what, out.size, out.offset, out.end);
  }
  return out;
}

/// Replaces saturated sizes by those of the zip64 extra field.
void apply_zip64(Bytes extra, Central& entry, uint64_t& stored, std::string_view what) {
  ByteReader fields(extra, what);
  while (fields.left() >= 4) {
    const uint16_t id = fields.u16();
    const uint16_t size = fields.u16();
    ByteReader field(fields.take(size), what);
    if (id != 1) continue;
    if (entry.size == 0xFFFFFFFF) entry.size = field.u64();
    if (stored == 0xFFFFFFFF) stored = field.u64();
    if (entry.local_offset == 0xFFFFFFFF) entry.local_offset = field.u64();
  }
}

void require_safe_name(const std::string& name, std::string_view what) {
  bool unsafe = name.empty() || name.front() == '/' || name.find('\\') != std::string::npos ||
                name.find('\0') != std::string::npos;
  for (size_t begin = 0; begin <= name.size();) {
    const size_t end = std::min(name.find('/', begin), name.size());
    if (name.compare(begin, end - begin, "..") == 0) unsafe = true;
    begin = end + 1;
  }
  if (unsafe) fail(ErrorCode::kHostile, "{}: the zip has an unsafe name {}", what, quote(name));
}

Central read_central(ByteReader& directory, std::string_view what) {
  const uint64_t at = directory.file_offset();
  if (directory.u32() != kCentralSignature) {
    fail(ErrorCode::kDamaged, "{}: no zip directory entry at byte {}", what, at);
  }
  Central entry;
  directory.u32();  // versions
  entry.flags = directory.u16();
  const uint16_t method = directory.u16();
  directory.u32();  // time and date
  entry.crc = directory.u32();
  uint64_t stored = directory.u32();
  entry.size = directory.u32();
  const uint16_t name_size = directory.u16();
  const uint16_t extra_size = directory.u16();
  const uint16_t comment_size = directory.u16();
  const uint16_t disk = directory.u16();
  directory.take(6);  // attributes
  entry.local_offset = directory.u32();
  entry.name = as_text(directory.take(name_size));
  apply_zip64(directory.take(extra_size), entry, stored, what);
  require_safe_name(entry.name, what);
  if (method != 0) {
    fail(ErrorCode::kHostile, "{}: {} is compressed (method {}); torch.save only stores", what,
         quote(entry.name), method);
  }
  if ((entry.flags & ~(kFlagDescriptor | kFlagUtf8)) != 0) {
    fail(ErrorCode::kHostile, "{}: {} is encrypted or has unknown flags 0x{:04x}", what,
         quote(entry.name), entry.flags);
  }
  if (stored != entry.size || comment_size != 0 || disk != 0) {
    fail(ErrorCode::kHostile, "{}: the directory entry of {} contradicts itself", what,
         quote(entry.name));
  }
  return entry;
}

/// Data of an entry, from its local header; `next` is where the following record begins.
Bytes read_local(Bytes file, const Central& entry, uint64_t next, std::string_view what) {
  const uint64_t offset = entry.local_offset;
  ByteReader local(part(file, offset, file.size() - std::min<uint64_t>(offset, file.size()), what),
                   what, offset);
  if (local.u32() != kLocalSignature) {
    fail(ErrorCode::kDamaged, "{}: no header of {} at byte {}", what, quote(entry.name), offset);
  }
  local.u16();  // version
  const uint16_t flags = local.u16();
  const uint16_t method = local.u16();
  local.u32();  // time and date
  const uint32_t crc = local.u32();
  const uint32_t stored = local.u32();
  const uint32_t size = local.u32();
  const uint16_t name_size = local.u16();
  const uint16_t extra_size = local.u16();
  const std::string_view name = as_text(local.take(name_size));
  local.take(extra_size);
  // With a descriptor the sizes are 0 here; in zip64 form they are saturated.
  const auto agrees = [](uint64_t here, uint64_t there) {
    return here == 0 || here == 0xFFFFFFFF || here == there;
  };
  if (name != entry.name || method != 0 || flags != entry.flags || !agrees(crc, entry.crc) ||
      !agrees(stored, entry.size) || !agrees(size, entry.size)) {
    fail(ErrorCode::kHostile, "{}: the header of {} at byte {} differs from the directory", what,
         quote(entry.name), offset);
  }
  const Bytes data = local.take(entry.size);
  if ((flags & kFlagDescriptor) != 0) {
    const uint64_t at = local.file_offset();
    if (local.u32() != kDescriptorSignature || local.u32() != entry.crc) {
      fail(ErrorCode::kDamaged, "{}: no descriptor of {} at byte {}", what, quote(entry.name), at);
    }
    const bool wide = checked_add(at, uint64_t{24}) == next;
    const uint64_t first = local.number(wide ? 8 : 4);
    const uint64_t second = local.number(wide ? 8 : 4);
    if (first != entry.size || second != entry.size) {
      fail(ErrorCode::kHostile, "{}: the descriptor of {} differs from the directory", what,
           quote(entry.name));
    }
  }
  if (local.file_offset() != next) {
    fail(ErrorCode::kHostile,
         "{}: {} ends at byte {} but the next record begins at byte {}: records overlap or leave a "
         "gap",
         what, quote(entry.name), local.file_offset(), next);
  }
  return data;
}

void require_unique(const std::vector<Central>& entries, std::string_view what) {
  std::unordered_set<std::string> seen;
  for (const Central& entry : entries) {
    std::string folded = entry.name;
    std::ranges::transform(folded, folded.begin(), [](unsigned char c) { return std::tolower(c); });
    if (!seen.insert(std::move(folded)).second) {
      fail(ErrorCode::kHostile, "{}: the zip holds {} twice", what, quote(entry.name));
    }
  }
}

}  // namespace

std::vector<ZipEntry> read_zip(Bytes file, std::string_view what) {
  const Directory directory = read_end(file, what);
  ByteReader reader(part(file, directory.offset, directory.size, what), what, directory.offset);
  std::vector<Central> central;
  for (uint64_t i = 0; i < directory.entries; ++i) central.push_back(read_central(reader, what));
  if (reader.left() != 0) {
    fail(ErrorCode::kHostile, "{}: {} bytes are left over in the zip directory", what,
         reader.left());
  }
  require_unique(central, what);

  std::vector<size_t> by_offset(central.size());
  for (size_t i = 0; i < by_offset.size(); ++i) by_offset[i] = i;
  std::ranges::stable_sort(by_offset, {}, [&](size_t i) { return central[i].local_offset; });
  std::vector<ZipEntry> out(central.size());
  if (!central.empty() && central[by_offset[0]].local_offset != 0) {
    fail(ErrorCode::kHostile, "{}: {} bytes stand before the first zip record", what,
         central[by_offset[0]].local_offset);
  }
  for (size_t i = 0; i < by_offset.size(); ++i) {
    const Central& entry = central[by_offset[i]];
    const uint64_t next =
        i + 1 < by_offset.size() ? central[by_offset[i + 1]].local_offset : directory.offset;
    out[by_offset[i]] = {entry.name, read_local(file, entry, next, what), entry.crc};
  }
  return out;
}

}  // namespace mobileclip
