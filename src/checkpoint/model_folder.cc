#include "checkpoint/model_folder.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <vector>

#include "base/error.h"
#include "base/mapped_file.h"

namespace mobileclip {
namespace {

namespace fs = std::filesystem;

constexpr size_t kMaxReference = 256;
constexpr std::string_view kUsual[] = {"open_clip_model.safetensors", "open_clip_pytorch_model.bin",
                                       "open_clip_model.safetensors.index.json",
                                       "model.safetensors.index.json"};

/// Entries of a folder for which `wanted` holds, sorted.
template <typename Wanted>
std::vector<std::string> list(const std::string& folder, const Wanted& wanted) {
  std::vector<std::string> out;
  std::error_code error;
  for (fs::directory_iterator at(folder, error), end; !error && at != end; at.increment(error)) {
    if (wanted(*at)) out.push_back(at->path().string());
  }
  if (error) throw system_error("list", folder, error.value());
  std::ranges::sort(out);
  return out;
}

/// The snapshot that refs/main names, or the only one.
std::string snapshot_of(const std::string& folder) {
  std::error_code none;
  const std::string reference = folder + "/refs/main";
  if (fs::is_regular_file(reference, none)) {
    std::string revision = read_file(reference, kMaxReference);
    while (revision.ends_with('\n') || revision.ends_with('\r')) revision.pop_back();
    std::string snapshot = fmt::format("{}/snapshots/{}", folder, revision);
    const bool plain = !revision.empty() && revision.find('/') == std::string::npos &&
                       revision != "." && revision != "..";
    if (plain && fs::is_directory(snapshot, none)) return snapshot;
  }
  const auto snapshots = list(
      folder + "/snapshots", [](const fs::directory_entry& entry) { return entry.is_directory(); });
  if (snapshots.size() == 1) return snapshots.front();
  fail(ErrorCode::kNotFound,
       "{} holds {} snapshots and its refs/main names none of them: give the folder of one",
       quote(folder), snapshots.size());
}

}  // namespace

std::string sibling_path(const std::string& path, std::string_view name) {
  return path.substr(0, path.rfind('/') + 1) + std::string(name);  // npos + 1 is 0
}

std::string weights_of(const std::string& path) {
  std::error_code none;
  if (!fs::is_directory(path, none)) return path;
  std::string folder = path;
  if (fs::is_directory(folder + "/snapshots", none)) folder = snapshot_of(folder);
  for (const std::string_view name : kUsual) {
    std::string file = fmt::format("{}/{}", folder, name);
    if (fs::is_regular_file(file, none)) return file;
  }
  const auto files = list(folder, [](const fs::directory_entry& entry) {
    const std::string extension = entry.path().extension().string();
    return entry.is_regular_file() &&
           (extension == ".safetensors" || extension == ".bin" || extension == ".pt");
  });
  if (files.size() == 1) return files.front();
  if (files.empty()) {
    fail(ErrorCode::kNotFound,
         "{} is a folder without weights: expected open_clip_model.safetensors, "
         "open_clip_pytorch_model.bin, a safetensors index or one .safetensors, .bin or .pt file",
         quote(path));
  }
  fail(ErrorCode::kInvalidArgument, "{} is a folder with {} files of weights: name one of {}",
       quote(path), files.size(), fmt::join(files, ", "));
}

}  // namespace mobileclip
