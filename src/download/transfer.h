/// One HTTPS request: TLS 1.2 or newer, verified, never plain http, not by a redirect either.
#ifndef MOBILECLIP_DOWNLOAD_TRANSFER_H_
#define MOBILECLIP_DOWNLOAD_TRANSFER_H_

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "base/error.h"
#include "download/response.h"

namespace mobileclip {

struct TransferRequest {
  std::string address;    ///< https://
  uint64_t from = 0;      ///< first byte wanted
  std::string if_range;   ///< the ETag that must still hold for `from` to count
  std::string ca_file;    ///< certificates to trust instead of the system's; empty for those
  int stall_seconds = 0;  ///< give up when next to nothing came for so long
};

struct TransferEvents {
  /// The answer is 200 or 206: once, before its bytes.
  std::function<void(const Response&)> answered;
  std::function<void(std::string_view bytes)> bytes;
};

/// What `transfer` throws when the server answered, but not with the file.
class StatusError : public Error {
 public:
  StatusError(int status, ErrorCode code, std::string message)
      : Error(code, std::move(message)), status_(status) {}
  int status() const { return status_; }

 private:
  int status_;
};

/// Returns when all that was announced has come. Errors: kIo for the network and for what the
/// certificate or a redirect is refused for, StatusError, and whatever the events throw.
void transfer(const TransferRequest& request, const TransferEvents& events);

}  // namespace mobileclip

#endif  // MOBILECLIP_DOWNLOAD_TRANSFER_H_
