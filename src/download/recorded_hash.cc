#include "download/recorded_hash.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <string_view>

#include "base/error.h"
#include "base/mapped_file.h"
#include "download/record.h"
#include "download/sha256.h"

namespace mobileclip {
namespace {

constexpr size_t kMaxRecord = size_t{1} << 20;
constexpr size_t kMaxName = 255;

std::string_view name_of(std::string_view path) { return path.substr(path.rfind('/') + 1); }

/// A name of a file in the same folder and nothing else, here and on other systems.
bool is_plain(std::string_view name) {
  const bool odd = std::ranges::any_of(name, [](unsigned char c) {
    return c < 0x20 || c == 0x7F || c == '/' || c == '\\' || c == ':';
  });
  return !name.empty() && name.size() <= kMaxName && name != "." && name != ".." && !odd &&
         name.front() != '~' && name.back() != ' ' && name.back() != '.';
}

std::string text_of(const nlohmann::json& record, const char* key) {
  const auto found = record.find(key);
  return found != record.end() && found->is_string() ? found->get<std::string>() : "";
}

}  // namespace

std::string recorded_sha256(const std::string& model_file) {
  const std::string path = record_path(model_file);
  std::string text;
  try {
    text = read_file(path, kMaxRecord);
  } catch (const Error& error) {
    if (error.code() == ErrorCode::kNotFound) return "";
    throw;
  }
  const auto record = nlohmann::json::parse(text, nullptr, false);
  if (!record.is_object()) fail(ErrorCode::kDamaged, "{} is no JSON object", quote(path));
  const std::string name = text_of(record, "file");
  if (!is_plain(name)) {
    fail(ErrorCode::kHostile, "{} names the file {}: expected a name without a folder", quote(path),
         quote(name));
  }
  if (name != name_of(model_file)) return "";
  const std::string stated = text_of(record, "sha256");
  std::string sha256 = sha256_from_hex(stated);
  if (sha256.empty()) {
    fail(ErrorCode::kDamaged, "{}: sha256 is {}, expected 64 hexadecimal digits", quote(path),
         quote(stated));
  }
  return sha256;
}

}  // namespace mobileclip
