#include "engine/find_model.h"

#include <sys/stat.h>

#include <cstdlib>
#include <string_view>

#include "base/error.h"
#include "base/mapped_file.h"
#include "engine/shipped_model.h"

namespace mobileclip {
namespace {

std::string environment(const char* name) {
  const char* value = std::getenv(name);  // NOLINT(concurrency-mt-unsafe): nobody here sets it
  return value == nullptr ? "" : value;
}

bool exists(const std::string& path) {
  struct stat status {};
  return ::stat(path.c_str(), &status) == 0;
}

[[noreturn]] void not_found(const std::string& name) {
  const std::string folder = models_folder();
  if (folder.empty()) {
    fail(ErrorCode::kNotFound,
         "no file {}, and neither $MOBILECLIP_HOME nor $HOME says where named models are",
         quote(name));
  }
  fail(ErrorCode::kNotFound, "no model {0}: no such file, and no {0}.safetensors or .pt in {1}",
       name, quote(folder));
}

}  // namespace

std::string models_folder() {
  if (std::string folder = environment("MOBILECLIP_HOME"); !folder.empty()) return folder;
  const std::string home = environment("HOME");
  return home.empty() ? "" : home + "/.cache/mobileclip";
}

std::optional<std::string> find_model_file(const std::string& file_or_name) {
  const bool is_path =
      file_or_name.find('/') != std::string::npos || file_or_name.find('.') != std::string::npos;
  if (is_path || exists(file_or_name)) return file_or_name;
  const std::string folder = models_folder();
  for (const std::string_view extension : {".safetensors", ".pt"}) {
    std::string path = fmt::format("{}/{}{}", folder, file_or_name, extension);
    if (!folder.empty() && exists(path)) return path;
  }
  return std::nullopt;
}

std::string default_model() {
  if (std::string name = environment("MOBILECLIP_MODEL"); !name.empty()) return name;
  return std::string(shipped_model().name);
}

Checkpoint open_model(const std::string& file_or_name) {
  if (const std::optional<std::string> path = find_model_file(file_or_name)) {
    return Checkpoint::open(*path);
  }
  const ShippedModel shipped = shipped_model();
  if (shipped.bytes.empty() || file_or_name != shipped.name) not_found(file_or_name);
  return Checkpoint::parse(MappedFile::view(shipped.bytes), file_or_name);
}

}  // namespace mobileclip
