#include "data/npy.h"

#include <array>
#include <optional>
#include <utility>

#include "base/error.h"

namespace mobileclip {
namespace {

constexpr uint64_t kMaxElements = 65'536;
constexpr std::string_view kMagic = "\x93NUMPY";

struct Type {
  std::string_view name;
  size_t width;
  bool is_signed;
};

constexpr std::array kTypes = {Type{"<i8", 8, true}, Type{"<i4", 4, true},  Type{"<i2", 2, true},
                               Type{"|i1", 1, true}, Type{"|u1", 1, false}, Type{"|b1", 1, false}};

/// The header's dictionary, read word by word.
class Header {
 public:
  Header(std::string_view text, const std::string& what) : text_(text), what_(what) {}

  [[noreturn]] void damaged(std::string_view why) const {
    fail(ErrorCode::kDamaged, "{}: {}", what_, why);
  }
  [[noreturn]] void too_large() const {
    fail(ErrorCode::kTooLarge, "{}: a .npy vector of over {} elements", what_, kMaxElements);
  }
  /// What stands after 'name': , from its first character that is no space.
  std::string_view after(std::string_view name) const {
    const size_t at = text_.find(name);
    if (at == std::string_view::npos) damaged("the .npy header lacks a field");
    size_t from = at + name.size();
    while (from < text_.size() && (text_[from] == ' ' || text_[from] == ':')) ++from;
    return text_.substr(from);
  }

 private:
  std::string_view text_;
  const std::string& what_;
};

/// Elements of "()" or "(N,)".
uint64_t elements_of(std::string_view shape, const Header& header) {
  const size_t close = shape.find(')');
  if (!shape.starts_with('(') || close == std::string_view::npos) {
    header.damaged("the .npy header has no shape");
  }
  std::optional<uint64_t> count;
  bool ended = false;
  for (const char c : shape.substr(1, close - 1)) {
    if (c == ' ') continue;
    if (c == ',') {
      ended = true;
    } else if (c < '0' || c > '9' || ended) {
      header.damaged("a .npy array of other than one dimension");
    } else {
      count = count.value_or(0) * 10 + static_cast<uint64_t>(c - '0');
      if (*count > kMaxElements) {
        header.too_large();
      }
    }
  }
  return count.value_or(1);  // no dimension: one element
}

int64_t element(std::string_view bytes, const Type& type) {
  uint64_t value = 0;
  for (size_t i = 0; i < type.width; ++i) {
    value |= static_cast<uint64_t>(static_cast<unsigned char>(bytes[i])) << (8 * i);
  }
  if (type.is_signed && type.width < 8 && (value >> (8 * type.width - 1)) != 0) {
    value |= ~uint64_t{0} << (8 * type.width);
  }
  return static_cast<int64_t>(value);
}

}  // namespace

std::vector<int64_t> read_npy_integers(std::string_view bytes, const std::string& what) {
  const auto damaged = [&](std::string_view why) {
    fail(ErrorCode::kDamaged, "{}: {}", what, why);
  };
  if (bytes.size() < 10 || !bytes.starts_with(kMagic)) damaged("no .npy array");
  const size_t width = bytes[6] == 1 ? 2 : 4;
  if (bytes[6] < 1 || bytes[6] > 3) damaged("a version of .npy that is not known");
  const std::string_view size_field = bytes.substr(8);
  if (size_field.size() < width) damaged("it is cut short");
  const auto length = static_cast<uint64_t>(element(size_field, Type{"", width, false}));
  std::string_view rest = size_field.substr(width);
  if (length > rest.size()) damaged("it is cut short");
  const Header header(rest.substr(0, length), what);
  rest.remove_prefix(length);
  std::string_view descr = header.after("'descr'");
  if (descr.starts_with('\'')) descr.remove_prefix(1);
  const Type* type = nullptr;
  for (const Type& one : kTypes) {
    if (descr.starts_with(one.name)) type = &one;
  }
  if (type == nullptr) damaged("an array that is not of integers");
  const uint64_t count = elements_of(header.after("'shape'"), header);
  if (count * type->width != rest.size()) damaged("its length does not fit its shape");
  std::vector<int64_t> out;
  for (uint64_t i = 0; i < count; ++i) {
    out.push_back(element(rest.substr(i * type->width), *type));
  }
  return out;
}

}  // namespace mobileclip
