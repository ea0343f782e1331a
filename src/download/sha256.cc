#include "download/sha256.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <openssl/evp.h>
#include <unistd.h>

#include <array>
#include <cctype>
#include <cerrno>
#include <span>
#include <vector>

#include "base/error.h"

namespace mobileclip {
namespace {

constexpr size_t kDigest = 32;
constexpr size_t kBase64 = 44;  // of 32 bytes: 43 digits and one "="
constexpr size_t kBlock = size_t{1} << 20;

EVP_MD_CTX* context_of(void* context) { return static_cast<EVP_MD_CTX*>(context); }

std::string to_hex(std::span<const unsigned char> bytes) {
  return fmt::format("{:02x}", fmt::join(bytes, ""));
}

}  // namespace

void Sha256::Free::operator()(void* context) const { EVP_MD_CTX_free(context_of(context)); }

Sha256::Sha256() : context_(EVP_MD_CTX_new()) {
  if (EVP_DigestInit_ex(context_of(context_.get()), EVP_sha256(), nullptr) != 1) {
    fail(ErrorCode::kInternal, "the OpenSSL library has no SHA-256");
  }
}

void Sha256::update(std::string_view bytes) {
  EVP_DigestUpdate(context_of(context_.get()), bytes.data(), bytes.size());
}

std::string Sha256::hex() {
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  EVP_DigestFinal_ex(context_of(context_.get()), digest.data(), nullptr);
  return to_hex(std::span(digest).first(kDigest));
}

std::string sha256_of(std::span<const std::byte> bytes) {
  Sha256 sum;
  sum.update({reinterpret_cast<const char*>(bytes.data()), bytes.size()});
  return sum.hex();
}

void add_file(const std::string& path, Sha256& sum) {
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) throw system_error("read", path, errno);
  std::vector<char> block(kBlock);
  for (;;) {
    const ssize_t n = ::read(fd, block.data(), block.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) {
      const Error error = system_error("read", path, errno);
      ::close(fd);
      throw error;
    }
    if (n == 0) break;
    sum.update({block.data(), static_cast<size_t>(n)});
  }
  ::close(fd);
}

std::string sha256_of_file(const std::string& path) {
  Sha256 sum;
  add_file(path, sum);
  return sum.hex();
}

std::string sha256_from_hex(std::string_view text) {
  if (text.size() != 2 * kDigest) return "";
  std::string out;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (std::isxdigit(byte) == 0) return "";
    out += static_cast<char>(std::tolower(byte));
  }
  return out;
}

std::string sha256_from_base64(std::string_view text) {
  if (text.size() != kBase64 || text.back() != '=') return "";
  std::array<unsigned char, kBase64> bytes{};
  const int size =
      EVP_DecodeBlock(bytes.data(), reinterpret_cast<const unsigned char*>(text.data()), kBase64);
  if (size != static_cast<int>(kDigest) + 1) return "";
  return to_hex(std::span(bytes).first(kDigest));
}

}  // namespace mobileclip
