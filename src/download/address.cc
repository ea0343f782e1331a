#include "download/address.h"

#include <fmt/core.h>

#include <algorithm>

namespace mobileclip {
namespace {

constexpr std::string_view kHttps = "https://";
constexpr std::string_view kHub = "huggingface:";

bool is_https(std::string_view address) {
  if (address.size() <= kHttps.size()) return false;
  return std::ranges::equal(address.substr(0, kHttps.size()), kHttps, [](char a, char b) {
    return a == b || (a >= 'A' && a <= 'Z' && a - 'A' + 'a' == b);
  });
}

/// Printable ASCII without spaces: anything else must be escaped in an address.
bool is_plain(std::string_view text) {
  return std::ranges::all_of(text, [](char c) { return c > ' ' && c < 0x7F; });
}

}  // namespace

std::string resolve_address(std::string_view source) {
  if (!is_plain(source)) return "";
  if (is_https(source)) return std::string(source);
  if (!source.starts_with(kHub)) return "";
  source.remove_prefix(kHub.size());
  const size_t owner = source.find('/');
  if (owner == std::string_view::npos) return "";
  const size_t repo = source.find('/', owner + 1);
  if (owner == 0 || repo == std::string_view::npos || repo == owner + 1) return "";
  const std::string_view file = source.substr(repo + 1);
  if (file.empty() || source.find("..") != std::string_view::npos) return "";
  return fmt::format("https://huggingface.co/{}/resolve/main/{}", source.substr(0, repo), file);
}

std::string host_of(std::string_view address) {
  const size_t scheme = address.find("://");
  if (scheme != std::string_view::npos) address.remove_prefix(scheme + 3);
  address = address.substr(0, address.find_first_of("/?#"));
  const size_t user = address.rfind('@');
  if (user != std::string_view::npos) address.remove_prefix(user + 1);
  return std::string(address);
}

std::string shown_address(std::string_view address) {
  address = address.substr(0, address.find_first_of("?#"));
  const size_t scheme = address.find("://");
  if (scheme == std::string_view::npos) return std::string(address);
  const std::string_view rest = address.substr(scheme + 3);
  const size_t path = rest.find('/');
  return fmt::format("{}://{}{}", address.substr(0, scheme), host_of(address),
                     path == std::string_view::npos ? "" : rest.substr(path));
}

}  // namespace mobileclip
