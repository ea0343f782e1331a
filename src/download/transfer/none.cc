// In place of curl.cc where MOBILECLIP_DOWNLOAD is off.
#include "download/address.h"
#include "download/transfer.h"

namespace mobileclip {

void transfer(const TransferRequest& request, const TransferEvents&) {
  fail(
      ErrorCode::kUnsupported,
      "this program was built without downloads (MOBILECLIP_DOWNLOAD=OFF): fetch {} by other means "
      "and give the file with -m",
      shown_address(request.address));
}

}  // namespace mobileclip
