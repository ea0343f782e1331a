#include "base/plain_name.h"

#include <algorithm>
#include <cstddef>

namespace mobileclip {

bool is_plain_name(std::string_view name) {
  constexpr size_t kMaxName = 255;
  const bool odd = std::ranges::any_of(name, [](unsigned char c) {
    return c < 0x20 || c == 0x7F || c == '/' || c == '\\' || c == ':';
  });
  return !name.empty() && name.size() <= kMaxName && name != "." && name != ".." && !odd &&
         name.front() != '~' && name.back() != ' ' && name.back() != '.';
}

}  // namespace mobileclip
