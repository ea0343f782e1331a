/// SHA-256 of bytes that come piece by piece.
#ifndef MOBILECLIP_DOWNLOAD_SHA256_H_
#define MOBILECLIP_DOWNLOAD_SHA256_H_

#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <string_view>

namespace mobileclip {

class Sha256 {
 public:
  Sha256();
  void update(std::string_view bytes);
  /// 64 lower-case hexadecimal digits; the object takes no more bytes after it.
  std::string hex();

 private:
  struct Free {
    void operator()(void* context) const;
  };
  std::unique_ptr<void, Free> context_;
};

/// Of bytes in memory.
std::string sha256_of(std::span<const std::byte> bytes);
/// Adds a whole file. Errors: kNotFound, kIo.
void add_file(const std::string& path, Sha256& sum);
/// Of a whole file. Errors: kNotFound, kIo.
std::string sha256_of_file(const std::string& path);

/// `text` in lower case if it is 64 hexadecimal digits, else empty.
std::string sha256_from_hex(std::string_view text);
/// The hexadecimal form of 32 bytes in base64, or empty if `text` is none.
std::string sha256_from_base64(std::string_view text);

}  // namespace mobileclip

#endif  // MOBILECLIP_DOWNLOAD_SHA256_H_
