/// For the readers' tests: bytes made by hand.
#ifndef MOBILECLIP_CHECKPOINT_TEST_SUPPORT_H_
#define MOBILECLIP_CHECKPOINT_TEST_SUPPORT_H_

#include <libdeflate.h>

#include <fstream>
#include <iterator>
#include <optional>
#include <string>
#include <vector>

#include "base/error.h"
#include "checkpoint/checkpoint.h"

namespace mobileclip::test {

inline void put(std::string& out, uint64_t value, size_t bytes) {
  for (size_t i = 0; i < bytes; ++i) out.push_back(static_cast<char>(value >> (8 * i) & 0xFF));
}
inline std::string le(uint64_t value, size_t bytes) {
  std::string out;
  put(out, value, bytes);
  return out;
}

inline Checkpoint parse(const std::string& bytes) {
  const auto* data = reinterpret_cast<const std::byte*>(bytes.data());
  return Checkpoint::parse(MappedFile::from_bytes({data, data + bytes.size()}), "input");
}

/// The Error that reading (and verifying) gives, or nothing.
inline std::optional<Error> refusal(const std::string& bytes) {
  try {
    ThreadPool pool(1);
    parse(bytes).verify(pool);
    return std::nullopt;
  } catch (const Error& error) {
    return error;
  }
}

inline std::string read_fixture(const std::string& name) {
  std::ifstream file(std::string(MOBILECLIP_TEST_DATA "/checkpoint/") + name, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

/// A stored zip with one deviation at a time, to be set before build().
struct ZipBuilder {
  struct Entry {
    std::string name, data;
    std::string local_name = name;
    uint16_t flags = 0x0800, local_flags = 0x0800, method = 0;
    std::optional<uint32_t> crc = {};
  };
  std::vector<Entry> entries;
  std::string before = {}, after = {}, comment = {};
  uint64_t extra_entries = 0, offset_shift = 0;

  void add(const std::string& name, const std::string& data) { entries.push_back({name, data}); }

  std::string build() const {
    std::string out = before;
    std::string directory;
    for (const Entry& e : entries) {
      const uint32_t crc = e.crc ? *e.crc : libdeflate_crc32(0, e.data.data(), e.data.size());
      const uint64_t offset = out.size();
      out += le(0x04034b50, 4) + le(0, 2) + le(e.local_flags, 2) + le(e.method, 2) + le(0, 4);
      out += le(crc, 4) + le(e.data.size(), 4) + le(e.data.size(), 4);
      out += le(e.local_name.size(), 2) + le(0, 2) + e.local_name + e.data;
      directory += le(0x02014b50, 4) + le(0, 4) + le(e.flags, 2) + le(e.method, 2) + le(0, 4);
      directory += le(crc, 4) + le(e.data.size(), 4) + le(e.data.size(), 4);
      directory += le(e.name.size(), 2) + std::string(12, '\0') + le(offset + offset_shift, 4);
      directory += e.name;
    }
    const uint64_t count = entries.size() + extra_entries;
    const uint64_t start = out.size();
    out += directory + le(0x06054b50, 4) + le(0, 4) + le(count, 2) + le(count, 2);
    out += le(directory.size(), 4) + le(start, 4) + le(comment.size(), 2) + comment + after;
    return out;
  }
};

/// Opcodes of a pickle, by name.
class PickleBuilder {
 public:
  explicit PickleBuilder(int protocol = 2) { out_ = {'\x80', static_cast<char>(protocol)}; }
  PickleBuilder& raw(const std::string& bytes) {
    out_ += bytes;
    return *this;
  }
  PickleBuilder& text(const std::string& text) { return raw("X" + le(text.size(), 4) + text); }
  PickleBuilder& number(uint64_t value) { return raw("\x8a\x08" + le(value, 8)); }
  PickleBuilder& global(const std::string& module, const std::string& name) {
    return raw("c" + module + "\n" + name + "\n");
  }
  PickleBuilder& storage(const std::string& type, const std::string& key, uint64_t count) {
    raw("(").text("storage").global("torch", type).text(key).text("cpu").number(count);
    return raw("tQ");
  }
  /// A tensor of storage `key`, by _rebuild_tensor_v2.
  PickleBuilder& tensor(const std::string& key, uint64_t count, uint64_t offset,
                        const std::vector<uint64_t>& shape, const std::vector<uint64_t>& strides) {
    global("torch._utils", "_rebuild_tensor_v2").raw("(");
    storage("FloatStorage", key, count).number(offset).raw("(");
    for (const uint64_t extent : shape) number(extent);
    raw("t(");
    for (const uint64_t stride : strides) number(stride);
    return raw("t\x89").global("collections", "OrderedDict").raw(")RtR");
  }
  std::string stop() const { return out_ + "."; }

 private:
  std::string out_;
};

/// A .pt of one data.pkl and some storages.
inline std::string torch_file(const std::string& pickle,
                              const std::vector<std::string>& storages = {}) {
  ZipBuilder zip;
  zip.add("m/data.pkl", pickle);
  for (size_t i = 0; i < storages.size(); ++i) {
    zip.add("m/data/" + std::to_string(i), storages[i]);
  }
  zip.add("m/version", "3\n");
  return zip.build();
}

inline std::string safetensors(const std::string& header, const std::string& data) {
  return le(header.size(), 8) + header + data;
}

}  // namespace mobileclip::test

#endif  // MOBILECLIP_CHECKPOINT_TEST_SUPPORT_H_
