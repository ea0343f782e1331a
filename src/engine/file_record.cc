#include "engine/file_record.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <string_view>

#include "base/error.h"
#include "base/mapped_file.h"

namespace mobileclip {
namespace {

constexpr size_t kMaxRecord = size_t{1} << 20;
constexpr size_t kMaxName = 255;

std::string_view name_of(std::string_view path) { return path.substr(path.rfind('/') + 1); }

std::string record_path(const std::string& file) {
  const size_t start = file.rfind('/') + 1;  // npos + 1 is 0
  const size_t dot = file.rfind('.');
  const bool has_extension = dot != std::string::npos && dot > start;
  return file.substr(0, has_extension ? dot : file.size()) + ".licence.json";
}

/// A name of a file in the same folder and nothing else, here and on other systems.
bool is_plain(std::string_view name) {
  const bool odd = std::ranges::any_of(name, [](unsigned char c) {
    return c < 0x20 || c == 0x7F || c == '/' || c == '\\' || c == ':';
  });
  return !name.empty() && name.size() <= kMaxName && name != "." && name != ".." && !odd &&
         name.front() != '~' && name.back() != ' ' && name.back() != '.';
}

bool is_sha256(std::string_view text) {
  return text.size() == 64 && text.find_first_not_of("0123456789abcdef") == std::string_view::npos;
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
  const std::string sha256 = text_of(record, "sha256");
  if (!is_sha256(sha256)) {
    fail(ErrorCode::kDamaged, "{}: sha256 is {}, expected 64 hexadecimal digits", quote(path),
         quote(sha256));
  }
  return sha256;
}

}  // namespace mobileclip
