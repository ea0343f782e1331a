#include "download/record.h"

#include <ctime>
#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>

#include "base/atomic_file.h"

namespace mobileclip {
namespace {

std::string text_of(const nlohmann::json& json, const char* key) {
  const auto found = json.find(key);
  return found != json.end() && found->is_string() ? found->get<std::string>() : "";
}

}  // namespace

std::string record_path(const std::string& file) {
  const size_t slash = file.rfind('/');
  const size_t dot = file.rfind('.');
  const bool has_extension =
      dot != std::string::npos && (slash == std::string::npos || dot > slash);
  return file.substr(0, has_extension ? dot : std::string::npos) + ".licence.json";
}

void write_record(const std::string& path, const DownloadRecord& record) {
  const nlohmann::ordered_json json = {{"file", record.file},       {"source", record.source},
                                       {"sha256", record.sha256},   {"checked", record.checked},
                                       {"bytes", record.bytes},     {"date", record.date},
                                       {"licence", record.licence}, {"terms", record.terms}};
  AtomicFile file(path);
  file.write(json.dump(1, ' ', false, nlohmann::json::error_handler_t::replace) + "\n");
  file.commit();
}

DownloadRecord read_record(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  const std::string text{std::istreambuf_iterator<char>(file), {}};
  const auto json = nlohmann::json::parse(text, nullptr, false);
  DownloadRecord out;
  if (!json.is_object()) return out;
  out.file = text_of(json, "file");
  out.source = text_of(json, "source");
  out.sha256 = text_of(json, "sha256");
  out.checked = text_of(json, "checked");
  out.date = text_of(json, "date");
  out.licence = text_of(json, "licence");
  out.terms = text_of(json, "terms");
  return out;
}

std::string utc_now() {
  const std::time_t now = std::time(nullptr);
  std::tm utc{};
  ::gmtime_r(&now, &utc);
  char text[32];
  const size_t size = std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &utc);
  return {text, size};
}

}  // namespace mobileclip
