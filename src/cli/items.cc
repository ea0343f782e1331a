#include "cli/items.h"

#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <fstream>

#include "base/error.h"
#include "cli/output.h"
#include "image/decode.h"

namespace mobileclip::cli {
namespace {

namespace fs = std::filesystem;

constexpr size_t kHeadSize = 16;

bool is_image(const std::string& path) {
  std::array<char, kHeadSize> head{};
  std::ifstream file(path, std::ios::binary);
  file.read(head.data(), head.size());
  const auto size = static_cast<size_t>(file.gcount());
  return detect_image_format(std::as_bytes(std::span(head.data(), size))) != ImageFormat::kUnknown;
}

/// Images below a folder; entries that cannot be read are left to the caller as paths.
void walk(const fs::path& folder, ImageList& out) {
  std::error_code error;
  fs::recursive_directory_iterator entries(folder, error);
  if (error) throw system_error("read folder", folder.string(), error.value());
  for (const fs::recursive_directory_iterator end; entries != end; entries.increment(error)) {
    if (error) throw system_error("read folder", folder.string(), error.value());
    if (!entries->is_regular_file(error)) continue;
    if (is_image(entries->path().string())) {
      out.paths.push_back(entries->path().string());
    } else {
      ++out.skipped;
    }
  }
  if (error) throw system_error("read folder", folder.string(), error.value());
}

}  // namespace

ImageList expand_images(const std::vector<std::string>& words) {
  ImageList out;
  for (const std::string& word : words) {
    std::error_code error;
    if (word == "-" || !fs::is_directory(word, error)) {
      out.paths.push_back(word);
      continue;
    }
    const size_t before = out.paths.size();
    walk(word, out);
    std::sort(out.paths.begin() + static_cast<ptrdiff_t>(before), out.paths.end());
    if (out.paths.size() == before) {
      fail(ErrorCode::kNotFound, "folder {} holds no images", quote(word));
    }
  }
  return out;
}

}  // namespace mobileclip::cli
