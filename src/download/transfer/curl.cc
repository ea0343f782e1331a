#include <curl/curl.h>
#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <exception>
#include <memory>

#include "download/address.h"
#include "download/transfer.h"
#include "mobileclip/version.h"

namespace mobileclip {
namespace {

constexpr long kMaxRedirects = 10;
constexpr long kConnectSeconds = 30;
constexpr long kStalledBytesPerSecond = 1000;
constexpr long kBuffer = 1L << 18;

struct Easy {
  void operator()(CURL* handle) const { curl_easy_cleanup(handle); }
};
struct Headers {
  void operator()(curl_slist* list) const { curl_slist_free_all(list); }
};

/// What the callbacks share. An exception must not pass through libcurl: it waits here.
struct State {
  const TransferEvents& events;
  Response response;
  std::string redirect;  // where the last redirect leads
  std::exception_ptr thrown;

  /// Runs `step`; false if it threw.
  template <typename F>
  bool guarded(F&& step) noexcept {
    try {
      step();
      return true;
    } catch (...) {
      thrown = std::current_exception();
      return false;
    }
  }
};

size_t on_header(char* data, size_t one, size_t size, void* user) {
  auto& state = *static_cast<State*>(user);
  const std::string_view line(data, one * size);
  const bool ok = state.guarded([&] {
    if (line != "\r\n" && line != "\n") return read_header(line, state.response);
    const int status = state.response.status;
    if (status >= 300 && status < 400) state.redirect = state.response.location;
    if (status == 200 || status == 206) state.events.answered(state.response);
  });
  return ok ? line.size() : 0;
}

size_t on_bytes(char* data, size_t one, size_t size, void* user) {
  auto& state = *static_cast<State*>(user);
  const std::string_view bytes(data, one * size);
  const int status = state.response.status;
  if (status != 200 && status != 206) return bytes.size();  // a page about an error
  return state.guarded([&] { state.events.bytes(bytes); }) ? bytes.size() : 0;
}

template <typename T>
void set(CURL* handle, CURLoption option, T value) {
  const CURLcode code = curl_easy_setopt(handle, option, value);
  if (code != CURLE_OK) {
    fail(ErrorCode::kInternal, "libcurl refuses option {}: {}", static_cast<int>(option),
         curl_easy_strerror(code));
  }
}

void set_security(CURL* handle, const TransferRequest& request) {
  set(handle, CURLOPT_PROTOCOLS_STR, "https");
  set(handle, CURLOPT_REDIR_PROTOCOLS_STR, "https");
  set(handle, CURLOPT_SSLVERSION, static_cast<long>(CURL_SSLVERSION_TLSv1_2));
  set(handle, CURLOPT_SSL_VERIFYPEER, 1L);
  set(handle, CURLOPT_SSL_VERIFYHOST, 2L);
  if (request.ca_file.empty()) return;
  set(handle, CURLOPT_CAINFO, request.ca_file.c_str());
  set(handle, CURLOPT_CAPATH, static_cast<const char*>(nullptr));
}

void set_behaviour(CURL* handle, const TransferRequest& request) {
  set(handle, CURLOPT_URL, request.address.c_str());
  set(handle, CURLOPT_USERAGENT, "mobileclip/" MOBILECLIP_VERSION);
  set(handle, CURLOPT_FOLLOWLOCATION, 1L);
  set(handle, CURLOPT_MAXREDIRS, kMaxRedirects);
  set(handle, CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);  // a proxy's answer is not the server's
  set(handle, CURLOPT_NOSIGNAL, 1L);
  set(handle, CURLOPT_BUFFERSIZE, kBuffer);
  const long stall = request.stall_seconds;
  set(handle, CURLOPT_CONNECTTIMEOUT, std::min(stall, kConnectSeconds));
  set(handle, CURLOPT_LOW_SPEED_LIMIT, kStalledBytesPerSecond);
  set(handle, CURLOPT_LOW_SPEED_TIME, stall);
}

std::string no_certificate(const std::string& host, const std::string& detail) {
  return fmt::format(
      "the certificate of {} is not to be trusted ({}): nothing was taken from it; if a firewall "
      "of "
      "your own stands between, name its certificates in $SSL_CERT_FILE",
      host, detail);
}

std::string refused_redirect(const std::string& host, const std::string& target) {
  const std::string scheme = target.substr(0, target.find("://"));
  return fmt::format("{} redirects to {}, which is refused: {} is not https", host,
                     shown_address(target), quote(scheme));
}

/// One sentence for what went wrong below HTTP.
std::string sentence(CURLcode code, const std::string& detail, const TransferRequest& request,
                     const State& state) {
  const bool redirected =
      !state.redirect.empty() && state.redirect.find("://") != std::string::npos;
  const std::string host = host_of(redirected ? state.redirect : request.address);
  switch (code) {
    case CURLE_COULDNT_RESOLVE_HOST:
      return fmt::format("cannot find {}: there is no network, or no such host", host);
    case CURLE_COULDNT_RESOLVE_PROXY:
      return fmt::format("cannot find the proxy that $https_proxy names ({})", detail);
    case CURLE_COULDNT_CONNECT:
      return fmt::format("cannot reach {}: {}", host, detail);
    case CURLE_PEER_FAILED_VERIFICATION:
      return no_certificate(host, detail);
    case CURLE_SSL_CACERT_BADFILE:
      return fmt::format("cannot read the certificates in {}", quote(request.ca_file));
    case CURLE_SSL_CONNECT_ERROR:
      return fmt::format("no safe connection to {}: {} (TLS 1.2 or newer is needed)", host, detail);
    case CURLE_UNSUPPORTED_PROTOCOL:
      return refused_redirect(host_of(request.address), state.redirect);
    case CURLE_TOO_MANY_REDIRECTS:
      return fmt::format("{} redirects more than {} times", host, kMaxRedirects);
    case CURLE_OPERATION_TIMEDOUT:
      return fmt::format("{} sends nothing, or next to nothing, for {} s", host,
                         request.stall_seconds);
    case CURLE_PARTIAL_FILE:
    case CURLE_GOT_NOTHING:
    case CURLE_RECV_ERROR:
    case CURLE_HTTP2:
    case CURLE_HTTP2_STREAM:
      return fmt::format("{} ended the connection before the whole file had come", host);
    case CURLE_URL_MALFORMAT:
      return fmt::format("{} is no address: {}", quote(shown_address(request.address)), detail);
    default:
      return fmt::format("the transfer from {} failed: {}", host, detail);
  }
}

[[noreturn]] void fail_status(const TransferRequest& request, int status) {
  const std::string address = shown_address(request.address);
  if (status == 404 || status == 410) {
    throw StatusError(status, ErrorCode::kNotFound,
                      fmt::format("there is no such file: {} (HTTP status {})", address, status));
  }
  throw StatusError(status, ErrorCode::kIo,
                    fmt::format("{} does not give {} (HTTP status {}){}", host_of(address), address,
                                status, status == 429 || status >= 500 ? "; try again later" : ""));
}

}  // namespace

void transfer(const TransferRequest& request, const TransferEvents& events) {
  static const CURLcode started = curl_global_init(CURL_GLOBAL_DEFAULT);
  const std::unique_ptr<CURL, Easy> easy(started == CURLE_OK ? curl_easy_init() : nullptr);
  if (easy == nullptr) fail(ErrorCode::kInternal, "libcurl does not start");
  CURL* handle = easy.get();
  State state{events, {}, {}, {}};
  std::array<char, CURL_ERROR_SIZE> detail{};
  set_security(handle, request);
  set_behaviour(handle, request);
  set(handle, CURLOPT_ERRORBUFFER, detail.data());
  set(handle, CURLOPT_HEADERFUNCTION, &on_header);
  set(handle, CURLOPT_HEADERDATA, &state);
  set(handle, CURLOPT_WRITEFUNCTION, &on_bytes);
  set(handle, CURLOPT_WRITEDATA, &state);
  std::unique_ptr<curl_slist, Headers> headers;
  const std::string range = fmt::format("{}-", request.from);
  if (request.from > 0) {
    set(handle, CURLOPT_RANGE, range.c_str());
    headers.reset(curl_slist_append(nullptr, ("If-Range: " + request.if_range).c_str()));
    set(handle, CURLOPT_HTTPHEADER, headers.get());
  }
  const CURLcode code = curl_easy_perform(handle);
  if (state.thrown) std::rethrow_exception(state.thrown);
  const int status = state.response.status;
  if (code != CURLE_OK) {
    const std::string text = detail[0] == '\0' ? curl_easy_strerror(code) : detail.data();
    throw Error(ErrorCode::kIo, sentence(code, text, request, state));
  }
  if (status != 200 && status != 206) fail_status(request, status);
}

}  // namespace mobileclip
