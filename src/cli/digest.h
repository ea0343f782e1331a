/// SHA-256 of bytes in memory.
#ifndef MOBILECLIP_CLI_DIGEST_H_
#define MOBILECLIP_CLI_DIGEST_H_

#include <cstddef>
#include <span>
#include <string>

namespace mobileclip::cli {

/// 64 lower-case hexadecimal digits.
std::string sha256(std::span<const std::byte> bytes);

}  // namespace mobileclip::cli

#endif  // MOBILECLIP_CLI_DIGEST_H_
