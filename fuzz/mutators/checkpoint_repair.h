/// Makes the parts of a mutated checkpoint agree again: where they do not, it is refused before
/// anything behind them is seen.
#ifndef MOBILECLIP_FUZZ_MUTATORS_CHECKPOINT_REPAIR_H_
#define MOBILECLIP_FUZZ_MUTATORS_CHECKPOINT_REPAIR_H_

#include <zlib.h>

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>

extern "C" size_t LLVMFuzzerMutate(uint8_t* data, size_t size, size_t max_size);

namespace mobileclip::fuzz {

constexpr size_t kLocalSize = 30, kCentralSize = 46, kDescriptorSize = 16;

inline uint32_t read(std::span<const uint8_t> file, size_t at, size_t width) {
  uint32_t value = 0;
  for (size_t i = 0; i < width; ++i) value |= static_cast<uint32_t>(file[at + i]) << (8 * i);
  return value;
}

inline void write(std::span<uint8_t> file, size_t at, uint32_t value) {
  for (size_t i = 0; i < 4; ++i) file[at + i] = static_cast<uint8_t>(value >> (8 * i));
}

inline bool stands_at(std::span<const uint8_t> file, size_t at, const char* signature) {
  return at <= file.size() && file.size() - at >= 4 && std::memcmp(&file[at], signature, 4) == 0;
}

/// Brings the entry whose directory record is at `central` in line with it and with its data.
inline void repair_entry(std::span<uint8_t> file, size_t central) {
  const size_t name_size = read(file, central + 28, 2), local = read(file, central + 42, 4);
  if (name_size > file.size() - central - kCentralSize) return;
  if (!stands_at(file, local, "PK\3\4") || file.size() - local < kLocalSize) return;
  const size_t head = kLocalSize + read(file, local + 26, 2) + read(file, local + 28, 2);
  const size_t size = read(file, central + 20, 4);
  if (head > file.size() - local || size > file.size() - local - head) return;
  if (read(file, local + 26, 2) == name_size) {
    std::memmove(&file[local + kLocalSize], &file[central + kCentralSize], name_size);
  }
  const size_t end = local + head + size;
  const auto crc =
      static_cast<uint32_t>(crc32(0, file.data() + local + head, static_cast<uInt>(size)));
  write(file, central + 16, crc);
  if (read(file, local + 14, 4) != 0) write(file, local + 14, crc);
  if (stands_at(file, end, "PK\7\10") && file.size() - end >= kDescriptorSize) {
    write(file, end + 4, crc);
  }
}

/// Every entry of a zip: headers, descriptors and CRCs are those of the directory and the data.
inline void repair_zip(std::span<uint8_t> file) {
  for (size_t at = 0; at + kCentralSize <= file.size(); ++at) {
    if (stands_at(file, at, "PK\1\2")) repair_entry(file, at);
  }
}

/// The length of a safetensors header is that of its JSON object and the spaces after it.
inline void repair_safetensors(std::span<uint8_t> file) {
  constexpr size_t kLengthSize = 8;
  size_t depth = 0, at = kLengthSize;
  bool quoted = false;
  for (; at < file.size(); ++at) {
    const uint8_t byte = file[at];
    if (byte == '"') quoted = !quoted;
    if (quoted) continue;
    if (byte == '{') ++depth;
    if (byte == '}' && --depth == 0) break;
  }
  if (at == file.size()) return;
  do {
    ++at;
  } while (at < file.size() && file[at] == ' ');
  write(file, 0, static_cast<uint32_t>(at - kLengthSize));
  write(file, 4, 0);
}

/// Mutates, and repairs what is known to need it; one in eight keeps what the mutation made.
inline size_t mutate_checkpoint(uint8_t* data, size_t size, size_t max_size, unsigned seed) {
  size = LLVMFuzzerMutate(data, size, max_size);
  const std::span<uint8_t> file(data, size);
  if (seed % 8 == 0) return size;
  if (stands_at(file, 0, "PK\3\4")) repair_zip(file);
  if (size > 8 && file[8] == '{') repair_safetensors(file);
  return size;
}

}  // namespace mobileclip::fuzz

#endif  // MOBILECLIP_FUZZ_MUTATORS_CHECKPOINT_REPAIR_H_
