/// What the headers of an HTTP answer say about a file.
#ifndef MOBILECLIP_DOWNLOAD_RESPONSE_H_
#define MOBILECLIP_DOWNLOAD_RESPONSE_H_

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace mobileclip {

struct Response {
  int status = 0;
  std::string etag;                      ///< as sent; empty if there is none or a weak one
  std::string location;                  ///< where a redirect leads
  std::optional<uint64_t> length;        ///< Content-Length
  std::optional<uint64_t> first, total;  ///< Content-Range: bytes FIRST-…/TOTAL
  std::string digest;  ///< SHA-256 of the whole file: Repr-Digest (RFC 9530), Digest (RFC 3230)
  /// X-Linked-Etag and X-Linked-Size, which a hub sends with the redirect to the file's storage:
  /// they outlive the redirect. An ETag is never taken for a hash: storages send other 64 digits
  /// there.
  std::string linked_sha256;
  std::optional<uint64_t> linked_size;

  /// The size of the whole file, if it is said.
  std::optional<uint64_t> whole_size() const;
  /// The SHA-256 of the whole file in hexadecimal, or empty.
  const std::string& sha256() const { return linked_sha256.empty() ? digest : linked_sha256; }
};

/// Takes one header line, with or without its line end; a status line begins the next answer.
void read_header(std::string_view line, Response& response);

}  // namespace mobileclip

#endif  // MOBILECLIP_DOWNLOAD_RESPONSE_H_
