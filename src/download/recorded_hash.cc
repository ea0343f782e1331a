#include "download/recorded_hash.h"

#include <nlohmann/json.hpp>
#include <string_view>

#include "base/error.h"
#include "base/mapped_file.h"
#include "base/plain_name.h"
#include "download/record.h"
#include "download/sha256.h"

namespace mobileclip {
namespace {

constexpr size_t kMaxRecord = size_t{1} << 20;

std::string_view name_of(std::string_view path) { return path.substr(path.rfind('/') + 1); }

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
  if (!is_plain_name(name)) {
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
