// numpy's archives: a zip of .npy members.
#include <algorithm>
#include <cmath>
#include <cstring>

#include "base/checked.h"
#include "base/dtype.h"
#include "base/error.h"
#include "data/deflate.h"
#include "data/embeddings.h"

namespace mobileclip {
namespace {

constexpr uint64_t kMaxBytes = uint64_t{256} << 20;
constexpr uint64_t kEndSize = 22, kCentralSize = 46, kLocalSize = 30;

/// Little-endian numbers at checked places.
class Reader {
 public:
  Reader(std::string_view bytes, std::string what) : bytes_(bytes), what_(std::move(what)) {}

  std::string_view range(uint64_t offset, uint64_t length) const {
    if (!range_inside(offset, length, bytes_.size())) damaged("it is cut short");
    return bytes_.substr(offset, length);
  }
  uint64_t number(uint64_t offset, size_t width) const {
    uint64_t value = 0;
    const std::string_view part = range(offset, width);
    for (size_t i = 0; i < width; ++i) {
      value |= static_cast<uint64_t>(static_cast<unsigned char>(part[i])) << (8 * i);
    }
    return value;
  }
  uint64_t size() const { return bytes_.size(); }
  [[noreturn]] void damaged(std::string_view why) const {
    fail(ErrorCode::kDamaged, "{}: {}", what_, why);
  }
  const std::string& what() const { return what_; }

 private:
  std::string_view bytes_;
  std::string what_;
};

/// The text between `key` and the next ',' or '}' of a .npy header's dictionary.
std::string_view field(std::string_view header, std::string_view key, const Reader& r) {
  const size_t at = header.find(key);
  if (at == std::string_view::npos) r.damaged("a .npy header lacks a field");
  return header.substr(at + key.size());
}

std::vector<uint64_t> parse_shape(std::string_view text, const Reader& r) {
  const size_t open = text.find('('), close = text.find(')');
  if (open == std::string_view::npos || close == std::string_view::npos || close < open) {
    r.damaged("a .npy header has no shape");
  }
  std::vector<uint64_t> shape;
  uint64_t value = 0;
  bool digits = false;
  for (const char c : text.substr(open + 1, close - open)) {
    if (c >= '0' && c <= '9') {
      value = value * 10 + static_cast<uint64_t>(c - '0');
      digits = true;
      if (value > kMaxBytes) r.damaged("a .npy array is too large");
    } else if (digits) {
      shape.push_back(value);
      value = 0;
      digits = false;
    }
  }
  return shape;
}

float element(std::string_view bytes, size_t index, size_t width) {
  if (width == 4) {
    float value = 0;
    std::memcpy(&value, bytes.data() + 4 * index, 4);
    return value;
  }
  if (width == 2) {
    uint16_t bits = 0;
    std::memcpy(&bits, bytes.data() + 2 * index, 2);
    return half_to_float(bits);
  }
  double value = 0;
  std::memcpy(&value, bytes.data() + 8 * index, 8);
  return static_cast<float>(value);
}

Matrix parse_npy(std::string_view bytes, const std::string& what) {
  const Reader r(bytes, what);
  if (r.range(0, 6) != "\x93NUMPY") r.damaged("no .npy array");
  const bool wide = r.number(6, 1) >= 2;
  const uint64_t length = r.number(8, wide ? 4 : 2);
  const uint64_t start = wide ? 12 : 10;
  const std::string_view header = r.range(start, length);
  if (field(header, "'fortran_order':", r).substr(0, 6).find("True") != std::string_view::npos) {
    r.damaged("an array in Fortran order");
  }
  const std::string_view type = field(header, "'descr':", r);
  size_t width = 0;
  for (const auto& [name, size] :
       {std::pair{"'<f4'", 4}, std::pair{"'<f2'", 2}, std::pair{"'<f8'", 8}}) {
    if (type.substr(0, 7).find(name) != std::string_view::npos) width = static_cast<size_t>(size);
  }
  if (width == 0) r.damaged("an array that is not of floats");
  const std::vector<uint64_t> shape = parse_shape(field(header, "'shape':", r), r);
  if (shape.empty() || shape.size() > 2) r.damaged("an array of other than one or two dimensions");
  Matrix out;
  out.rows = shape.size() == 2 ? shape[0] : 1;
  out.cols = shape.back();
  const auto count = checked_mul<uint64_t>(out.rows, out.cols);
  if (!count || *count > kMaxBytes / width) r.damaged("an array that is too large");
  const std::string_view data = r.range(start + length, *count * width);
  out.values.resize(*count);
  for (size_t i = 0; i < out.values.size(); ++i) out.values[i] = element(data, i, width);
  return out;
}

std::string npy_of(const Matrix& matrix) {
  std::string header = fmt::format(
      "{{'descr': '<f4', 'fortran_order': False, 'shape': ({}, {}), }}", matrix.rows, matrix.cols);
  header.append(64 - (10 + header.size() + 1) % 64, ' ');
  header += '\n';
  std::string out("\x93NUMPY\x01\x00", 8);
  out += static_cast<char>(header.size() & 0xFF);
  out += static_cast<char>(header.size() >> 8);
  out += header;
  out.append(reinterpret_cast<const char*>(matrix.values.data()), 4 * matrix.values.size());
  return out;
}

void put(std::string& out, uint64_t value, size_t width) {
  for (size_t i = 0; i < width; ++i) out += static_cast<char>(value >> (8 * i) & 0xFF);
}

/// The fields that the local header and the directory share.
void put_common(std::string& out, uint32_t crc, size_t packed, size_t size, size_t name) {
  put(out, 0, 2);  // flags
  put(out, 8, 2);  // deflate
  put(out, 0, 2);
  put(out, 0x21, 2);  // 1980-01-01
  put(out, crc, 4);
  put(out, packed, 4);
  put(out, size, 4);
  put(out, name, 2);
  put(out, 0, 2);
}

struct Member {
  std::string name;
  std::string_view packed;
  uint64_t size, method, crc;
};

/// The directory entry at `offset`, which moves to the next one.
Member read_member(const Reader& r, uint64_t& offset) {
  if (r.number(offset, 4) != 0x02014b50) r.damaged("its zip directory is damaged");
  const uint64_t packed = r.number(offset + 20, 4), local = r.number(offset + 42, 4);
  const uint64_t name = r.number(offset + 28, 2);
  Member out{std::string(r.range(offset + kCentralSize, name)),
             {},
             r.number(offset + 24, 4),
             r.number(offset + 10, 2),
             r.number(offset + 16, 4)};
  offset += kCentralSize + name + r.number(offset + 30, 2) + r.number(offset + 32, 2);
  if (r.number(local, 4) != 0x04034b50) r.damaged("a zip member is not where it should be");
  const uint64_t start = local + kLocalSize + r.number(local + 26, 2) + r.number(local + 28, 2);
  out.packed = r.range(start, packed);
  return out;
}

}  // namespace

NamedMatrices read_npz(const std::string& bytes, const std::string& what) {
  const Reader r(bytes, what);
  if (r.size() < kEndSize) r.damaged("too short for a zip");
  uint64_t end = r.size() - kEndSize;
  while (r.number(end, 4) != 0x06054b50) {
    if (end == 0 || r.size() - end > 65557) r.damaged("no zip directory");
    --end;
  }
  const uint64_t count = r.number(end + 10, 2);
  uint64_t offset = r.number(end + 16, 4), total = 0;
  NamedMatrices out;
  for (uint64_t i = 0; i < count; ++i) {
    const Member member = read_member(r, offset);
    total += member.size;
    if (total > kMaxBytes) {
      fail(ErrorCode::kTooLarge, "{}: over {} bytes when unpacked", what, kMaxBytes);
    }
    if (member.method != 0 && member.method != 8) r.damaged("a zip method other than deflate");
    if (member.method == 0 && member.size != member.packed.size()) r.damaged("sizes disagree");
    const std::string data = member.method == 8 ? inflate_raw(member.packed, member.size, what)
                                                : std::string(member.packed);
    if (crc32_of(data) != member.crc) r.damaged("a CRC-32 does not fit");
    std::string name = member.name;
    if (name.ends_with(".npy")) name.resize(name.size() - 4);
    out[name] = parse_npy(data, what + ": " + quote(name));
  }
  return out;
}

std::string write_npz(const NamedMatrices& matrices) {
  std::string out, directory;
  for (const auto& [name, matrix] : matrices) {
    const std::string data = npy_of(matrix), packed = deflate_raw(data), file = name + ".npy";
    const uint32_t crc = crc32_of(data);
    const size_t local = out.size();
    put(out, 0x04034b50, 4);
    put(out, 20, 2);
    put_common(out, crc, packed.size(), data.size(), file.size());
    out += file + packed;
    put(directory, 0x02014b50, 4);
    put(directory, 20, 2);
    put(directory, 20, 2);
    put_common(directory, crc, packed.size(), data.size(), file.size());
    put(directory, 0, 2);  // comment
    put(directory, 0, 2);
    put(directory, 0, 2);
    put(directory, 0, 4);
    put(directory, local, 4);
    directory += file;
  }
  const size_t start = out.size();
  out += directory;
  put(out, 0x06054b50, 4);
  put(out, 0, 4);
  put(out, matrices.size(), 2);
  put(out, matrices.size(), 2);
  put(out, directory.size(), 4);
  put(out, start, 4);
  put(out, 0, 2);
  return out;
}

}  // namespace mobileclip
