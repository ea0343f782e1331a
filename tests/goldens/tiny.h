/// Tiny checkpoint files of whole networks: every tensor is an expanded view of one number.
#ifndef MOBILECLIP_TESTS_GOLDENS_TINY_H_
#define MOBILECLIP_TESTS_GOLDENS_TINY_H_

#include <algorithm>
#include <cstdint>
#include <string>
#include <vector>

#include "checkpoint/scope.h"

namespace mobileclip::golden {

inline std::string le(uint64_t value, size_t bytes) {
  std::string out;
  for (size_t i = 0; i < bytes; ++i) out.push_back(static_cast<char>(value >> (8 * i) & 0xFF));
  return out;
}

inline std::string number(uint64_t value) { return std::string("\x8a\x08").append(le(value, 8)); }
inline std::string text(const std::string& value) {
  return std::string("X").append(le(value.size(), 4)).append(value);
}

/// torch's legacy format: pickles, then a storage of one element for the weights and one for the
/// counters, if there are any.
inline std::string tiny_file(const std::vector<TensorSpec>& tensors) {
  std::string out("\x80\x02\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19\x2e", 15);
  out += "\x80\x02M" + le(1001, 2) + ".";
  out += "\x80\x02}" + text("little_endian") + "\x88s.";
  out += "\x80\x02}(";
  for (const TensorSpec& tensor : tensors) {
    out += text(tensor.name) + "ctorch._utils\n_rebuild_tensor_v2\n((" + text("storage");
    out += tensor.integer ? "ctorch\nLongStorage\n" : "ctorch\nFloatStorage\n";
    out += text(tensor.integer ? "1" : "0") + text("cpu") + number(1) + "NtQ" + number(0) + "(";
    for (const uint64_t extent : tensor.shape) out += number(extent);
    out += "t(";
    for (size_t i = 0; i < tensor.shape.size(); ++i) out += number(0);
    out +=
        "t\x89"
        "ccollections\nOrderedDict\n)RtR";
  }
  // A storage that no tensor uses would be refused.
  const bool counters = std::ranges::any_of(tensors, &TensorSpec::integer);
  out += "u.\x80\x02](" + text("0") + (counters ? text("1") : "") + "e.";
  out += le(1, 8) + le(0x3f800000, 4);
  return counters ? out + le(1, 8) + le(0, 8) : out;
}

inline Checkpoint parse(const std::vector<TensorSpec>& tensors) {
  const std::string bytes = tiny_file(tensors);
  const auto* data = reinterpret_cast<const std::byte*>(bytes.data());
  return Checkpoint::parse(MappedFile::from_bytes({data, data + bytes.size()}), "file");
}

}  // namespace mobileclip::golden

#endif  // MOBILECLIP_TESTS_GOLDENS_TINY_H_
