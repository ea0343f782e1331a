/// Names of files that are read from a file.
#ifndef MOBILECLIP_BASE_PLAIN_NAME_H_
#define MOBILECLIP_BASE_PLAIN_NAME_H_

#include <string_view>

namespace mobileclip {

/// Whether it names a file in the same folder and nothing else, here and on other systems: neither
/// empty nor longer than 255 bytes, no separator, drive, home or control character in it.
bool is_plain_name(std::string_view name);

}  // namespace mobileclip

#endif  // MOBILECLIP_BASE_PLAIN_NAME_H_
