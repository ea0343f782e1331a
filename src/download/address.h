/// Addresses of files.
#ifndef MOBILECLIP_DOWNLOAD_ADDRESS_H_
#define MOBILECLIP_DOWNLOAD_ADDRESS_H_

#include <string>
#include <string_view>

namespace mobileclip {

/// The https address of a source: itself, or where the hub has huggingface:OWNER/REPO/FILE. Empty
/// for anything else, http:// in particular.
std::string resolve_address(std::string_view source);

/// An address without what may be secret: user, password, query.
std::string shown_address(std::string_view address);

/// HOST or HOST:PORT of an address.
std::string host_of(std::string_view address);

}  // namespace mobileclip

#endif  // MOBILECLIP_DOWNLOAD_ADDRESS_H_
