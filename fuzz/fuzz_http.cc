// The headers of a server's answers, line by line.
#include <string_view>

#include "download/address.h"
#include "download/response.h"
#include "target.h"

using mobileclip::fuzz::require;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  std::string_view text(reinterpret_cast<const char*>(data), size);
  mobileclip::Response response;
  while (!text.empty()) {
    const size_t end = text.find('\n');
    const std::string_view line = text.substr(0, end);
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    mobileclip::read_header(line, response);
    const size_t digits = response.sha256().size();
    require(digits == 0 || digits == 64, "a hash or none");
    require(response.status >= 0 && response.status <= 999, "a status has three digits");
    require(mobileclip::shown_address(response.location).find('?') == std::string::npos,
            "no query is shown");
  }
  mobileclip::fuzz::probe(response.etag.size() > 8);
  return 0;
}
