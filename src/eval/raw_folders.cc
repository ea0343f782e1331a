#include "eval/raw_folders.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <filesystem>
#include <map>
#include <nlohmann/json.hpp>
#include <set>

#include "base/error.h"
#include "base/mapped_file.h"
#include "data/csv.h"
#include "eval/class_files.h"

namespace mobileclip::eval {
namespace {

namespace fs = std::filesystem;

constexpr size_t kMaxTable = size_t{1} << 30;
constexpr size_t kFilesPerShard = 2'000;

/// Moves the files into shards of equal size.
void add_shards(DatasetFiles& dataset, std::vector<FileItem> files) {
  for (size_t first = 0; first < files.size(); first += kFilesPerShard) {
    const size_t count = std::min(kFilesPerShard, files.size() - first);
    Shard shard{fmt::format("files-{:05}", first / kFilesPerShard), "", {}};
    const auto begin = files.begin() + static_cast<ptrdiff_t>(first);
    shard.files.assign(std::make_move_iterator(begin),
                       std::make_move_iterator(begin + static_cast<ptrdiff_t>(count)));
    dataset.shards.push_back(std::move(shard));
  }
}

bool is_image_name(const fs::path& path) {
  std::string extension = path.extension().string();
  std::ranges::transform(extension, extension.begin(), [](unsigned char c) {
    return static_cast<char>(c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c);
  });
  static const std::set<std::string> kKnown = {".jpg", ".jpeg", ".png", ".ppm",  ".bmp",
                                               ".pgm", ".tif",  ".gif", ".tiff", ".webp"};
  return kKnown.contains(extension);
}

/// Rows of a table as maps from the names of its first row.
using Table = std::vector<std::map<std::string, std::string>>;

Table read_table(const std::string& path) {
  const auto rows = parse_csv(read_file(path, kMaxTable), path);
  Table out;
  for (size_t i = 1; i < rows.size(); ++i) {
    if (rows[i].size() != rows[0].size()) {
      fail(ErrorCode::kDamaged, "{}: row {} has {} cells, the first row has {}", path, i + 1,
           rows[i].size(), rows[0].size());
    }
    auto& row = out.emplace_back();
    for (size_t c = 0; c < rows[0].size(); ++c) row[rows[0][c]] = rows[i][c];
  }
  return out;
}

const std::string& cell(const std::map<std::string, std::string>& row, const char* name,
                        const std::string& path) {
  const auto found = row.find(name);
  if (found == row.end()) fail(ErrorCode::kDamaged, "{}: there is no column {}", path, name);
  return found->second;
}

/// A cell that is a JSON list of strings.
std::vector<std::string> list_of(const std::string& text, const char* name,
                                 const std::string& path) {
  try {
    return nlohmann::json::parse(text).get<std::vector<std::string>>();
  } catch (const nlohmann::json::exception&) {
    fail(ErrorCode::kDamaged, "{}: {} is no list of strings: {}", path, name, quote(text, 60));
  }
}

void note_missing(DatasetFiles& dataset, const std::string& path) {
  std::error_code error;
  if (!fs::is_regular_file(path, error)) dataset.missing.push_back(path);
}

void add_captioned(DatasetFiles& dataset, const std::string& table, const std::string& images) {
  std::vector<FileItem> files;
  for (const auto& row : read_table(table)) {
    const std::string& name = cell(row, "filename", table);
    files.push_back({fmt::format("{}/{}", images, name), name, -1,
                     list_of(cell(row, "raw", table), "raw", table)});
    note_missing(dataset, files.back().path);
  }
  add_shards(dataset, std::move(files));
}

void add_winogavil(DatasetFiles& dataset, const std::string& table, const std::string& images) {
  std::set<std::string> names;
  for (const auto& row : read_table(table)) {
    nlohmann::json instance;
    instance["cue"] = cell(row, "cue", table);
    for (const char* name : {"candidates", "associations"}) {
      instance[name] = list_of(cell(row, name, table), name, table);
    }
    dataset.instances.push_back(parse_instance(instance.dump(), table));
    names.insert(dataset.instances.back().candidates.begin(),
                 dataset.instances.back().candidates.end());
  }
  std::vector<FileItem> files;
  for (const std::string& name : names) {
    files.push_back({fmt::format("{}/{}.jpg", images, name), name, -1, {}});
    note_missing(dataset, files.back().path);
  }
  add_shards(dataset, std::move(files));
}

std::vector<FileItem> labelled_files(const std::string& folder, const std::string& label_file) {
  std::vector<FileItem> out;
  size_t number = 0;
  for (const std::string& line : class_lines(read_file(label_file, kMaxTable))) {
    ++number;
    if (line.empty()) continue;
    const size_t space = line.find_last_of(" \t");
    FileItem item;
    const char* const end = line.data() + line.size();
    const auto result = space == std::string::npos
                            ? std::from_chars_result{line.data(), std::errc::invalid_argument}
                            : std::from_chars(line.data() + space + 1, end, item.label);
    if (result.ec != std::errc() || result.ptr != end || item.label < 0) {
      fail(ErrorCode::kInvalidArgument, "{}:{}: PATH LABEL is expected, LABEL a number from 0",
           label_file, number);
    }
    item.key = line.substr(0, line.find_last_not_of(" \t", space) + 1);
    item.path = folder + "/" + item.key;
    out.push_back(std::move(item));
  }
  return out;
}

std::vector<FileItem> files_of_classes(const std::string& folder, size_t& classes) {
  std::vector<std::string> names;
  for (const auto& entry : fs::directory_iterator(folder)) {
    if (entry.is_directory()) names.push_back(entry.path().filename().string());
  }
  std::ranges::sort(names);
  classes = names.size();
  std::vector<FileItem> out;
  for (size_t label = 0; label < names.size(); ++label) {
    const fs::path below = fs::path(folder) / names[label];
    std::vector<std::string> paths;
    for (const auto& entry : fs::recursive_directory_iterator(below)) {
      if (entry.is_regular_file() && is_image_name(entry.path())) {
        paths.push_back(entry.path().string());
      }
    }
    std::ranges::sort(paths);
    for (const std::string& path : paths) {
      out.push_back({path, fs::relative(path, folder).string(), static_cast<int64_t>(label), {}});
    }
  }
  return out;
}

}  // namespace

bool add_raw_folders(DatasetFiles& dataset, const std::string& data_dir) {
  struct Raw {
    std::string_view key, folder, table, images;
  };
  constexpr Raw kRaw[] = {
      {"retrieval/flickr_1k_test_image_text_retrieval", "flickr_1k_test_image_text_retrieval",
       "test_1k_flickr.csv", "images_flickr_1k_test"},
      {"retrieval/mscoco_2014_5k_test_image_text_retrieval",
       "mscoco_2014_5k_test_image_text_retrieval", "test_5k_mscoco_2014.csv",
       "images_mscoco_2014_5k_test"},
      {"misc/winogavil", "winogavil", "winogavil_dataset.csv", "winogavil_images"}};
  for (const Raw& raw : kRaw) {
    const std::string folder = fmt::format("{}/{}", data_dir, raw.folder);
    std::error_code error;
    if (raw.key != dataset.key || !fs::is_directory(folder, error)) continue;
    dataset.folder = folder;
    const std::string table = fmt::format("{}/{}", folder, raw.table);
    const std::string images = fmt::format("{}/{}", folder, raw.images);
    if (!fs::is_regular_file(table, error)) {
      dataset.missing.push_back(table);
    } else if (dataset.evaluator == Evaluator::kWinogavil) {
      add_winogavil(dataset, table, images);
    } else {
      add_captioned(dataset, table, images);
    }
    return true;
  }
  return false;
}

void add_image_folder(DatasetFiles& dataset, const std::string& folder,
                      const std::string& label_file) {
  dataset.folder = folder;
  std::vector<FileItem> files;
  try {
    size_t classes = dataset.class_names.size();
    files =
        label_file.empty() ? files_of_classes(folder, classes) : labelled_files(folder, label_file);
    if (classes != dataset.class_names.size()) {
      fail(ErrorCode::kInvalidArgument,
           "{} has {} folders of classes, there are {} class names: give others with --classnames",
           quote(folder), classes, dataset.class_names.size());
    }
  } catch (const fs::filesystem_error& error) {
    throw system_error("read folder", folder, error.code().value());
  }
  if (files.empty()) fail(ErrorCode::kNotFound, "folder {} holds no images", quote(folder));
  for (const FileItem& item : files) note_missing(dataset, item.path);
  add_shards(dataset, std::move(files));
}

Instance parse_instance(const std::string& json, const std::string& what) {
  try {
    const auto object = nlohmann::json::parse(json);
    Instance out{object.at("cue").get<std::string>(),
                 object.at("candidates").get<std::vector<std::string>>(),
                 {}};
    const auto true_ones = object.at("associations").get<std::vector<std::string>>();
    for (const std::string& candidate : out.candidates) {
      out.is_true.push_back(std::ranges::find(true_ones, candidate) != true_ones.end());
    }
    if (out.candidates.empty()) fail(ErrorCode::kDamaged, "{}: no candidates", what);
    return out;
  } catch (const nlohmann::json::exception&) {
    fail(ErrorCode::kDamaged,
         "{}: {{\"cue\": …, \"candidates\": […], \"associations\": […]}} is expected", what);
  }
}

}  // namespace mobileclip::eval
