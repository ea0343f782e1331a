#include "cli/items.h"

#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <fstream>

#include "base/mapped_file.h"
#include "cli/output.h"

namespace mobileclip::cli {
namespace {

namespace fs = std::filesystem;

constexpr size_t kMaxImageFile = size_t{1} << 30;
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

Result<RgbImage> load_item(const std::string& path, const PreprocessConfig& config,
                           const DecodeOptions& options) {
  try {
    const auto file = MappedFile::open(path, kMaxImageFile);
    return load_crop(file->bytes(), config, options);
  } catch (const Error& error) {
    return error;
  } catch (const std::bad_alloc&) {
    return Error(ErrorCode::kTooLarge, "not enough memory to decode the image");
  }
}

void for_each_batch(
    const std::vector<std::string>& paths, size_t batch_size, const PreprocessConfig& config,
    const DecodeOptions& options, ThreadPool& pool,
    const std::function<void(size_t first, std::vector<Result<RgbImage>>& crops)>& batch) {
  // A whole number of batches ahead, enough to keep every thread decoding.
  const auto threads = static_cast<size_t>(pool.threads());
  const size_t chunk = (2 * threads + batch_size - 1) / batch_size * batch_size;
  for (size_t begin = 0; begin < paths.size(); begin += chunk) {
    const size_t count = std::min(chunk, paths.size() - begin);
    std::vector<Result<RgbImage>> crops(count, Result<RgbImage>(RgbImage{}));
    pool.parallel_for(
        count, [&](size_t i, int) { crops[i] = load_item(paths[begin + i], config, options); });
    for (size_t first = 0; first < count; first += batch_size) {
      const size_t n = std::min(batch_size, count - first);
      std::vector<Result<RgbImage>> part(
          std::make_move_iterator(crops.begin() + static_cast<ptrdiff_t>(first)),
          std::make_move_iterator(crops.begin() + static_cast<ptrdiff_t>(first + n)));
      batch(begin + first, part);
    }
  }
}

}  // namespace mobileclip::cli
