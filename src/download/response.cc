#include "download/response.h"

#include <algorithm>
#include <cctype>
#include <charconv>

#include "download/sha256.h"

namespace mobileclip {
namespace {

constexpr size_t kMaxValue = 8192;

std::string_view trim(std::string_view text) {
  const size_t begin = text.find_first_not_of(" \t\r\n");
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(" \t\r\n") - begin + 1);
}

std::string lower(std::string_view text) {
  std::string out(text);
  std::ranges::transform(out, out.begin(),
                         [](char c) { return std::tolower(static_cast<unsigned char>(c)); });
  return out;
}

/// All of `text` as a number, or nothing.
std::optional<uint64_t> number(std::string_view text) {
  uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (text.empty() || error != std::errc() || end != text.data() + text.size()) return {};
  return value;
}

std::string_view unquoted(std::string_view text) {
  if (text.size() < 2 || text.front() != '"' || text.back() != '"') return {};
  return text.substr(1, text.size() - 2);
}

/// "bytes 10-19/20" or "bytes */20".
void read_range(std::string_view value, Response& response) {
  if (!lower(value).starts_with("bytes ")) return;
  value = trim(value.substr(6));
  const size_t slash = value.find('/');
  if (slash == std::string_view::npos) return;
  response.total = number(value.substr(slash + 1));
  response.first = number(value.substr(0, std::min(value.find('-'), slash)));
}

/// The SHA-256 among "name=value, name=value"; a value of Repr-Digest stands between colons.
std::string read_digests(std::string_view value) {
  while (!value.empty()) {
    const size_t comma = value.find(',');
    const std::string_view entry = trim(value.substr(0, comma));
    value.remove_prefix(comma == std::string_view::npos ? value.size() : comma + 1);
    const size_t equals = entry.find('=');
    if (equals == std::string_view::npos || lower(entry.substr(0, equals)) != "sha-256") continue;
    std::string_view hash = entry.substr(equals + 1);
    if (hash.size() > 2 && hash.front() == ':' && hash.back() == ':') {
      hash = hash.substr(1, hash.size() - 2);
    }
    return sha256_from_base64(hash);
  }
  return "";
}

void begin_answer(std::string_view line, Response& response) {
  Response next;
  next.linked_sha256 = response.linked_sha256;
  next.linked_size = response.linked_size;
  const size_t space = line.find(' ');
  if (space != std::string_view::npos) {
    next.status = static_cast<int>(number(line.substr(space + 1, 3)).value_or(0));
  }
  response = next;
}

}  // namespace

std::optional<uint64_t> Response::whole_size() const {
  if (status == 206) return total;
  return status == 200 ? length : std::nullopt;
}

void read_header(std::string_view line, Response& response) {
  line = trim(line);
  if (line.starts_with("HTTP/")) return begin_answer(line, response);
  const size_t colon = line.find(':');
  if (colon == std::string_view::npos || line.size() > kMaxValue) return;
  const std::string name = lower(trim(line.substr(0, colon)));
  const std::string_view value = trim(line.substr(colon + 1));
  if (name == "etag") {
    response.etag = unquoted(value).empty() ? "" : std::string(value);
  } else if (name == "location") {
    response.location = std::string(value);
  } else if (name == "content-length") {
    response.length = number(value);
  } else if (name == "content-range") {
    read_range(value, response);
  } else if (name == "repr-digest" || name == "digest") {
    if (std::string hash = read_digests(value); !hash.empty()) response.digest = std::move(hash);
  } else if (name == "x-linked-etag") {
    response.linked_sha256 = sha256_from_hex(unquoted(value));
  } else if (name == "x-linked-size") {
    response.linked_size = number(value);
  }
}

}  // namespace mobileclip
