#include "eval/layout.h"

#include <fmt/format.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <filesystem>
#include <optional>

#include "base/error.h"
#include "base/mapped_file.h"
#include "eval/class_files.h"
#include "eval/raw_folders.h"

namespace mobileclip::eval {
namespace {

namespace fs = std::filesystem;

constexpr size_t kMaxList = size_t{64} << 20;
constexpr uint64_t kMaxShards = 100'000;

bool is_folder(const std::string& path) {
  std::error_code error;
  return fs::is_directory(path, error);
}

bool is_file(const std::string& path) {
  std::error_code error;
  return fs::is_regular_file(path, error);
}

std::string trimmed(const std::string& text) {
  const std::vector<std::string> lines = class_lines(text);
  return lines.empty() ? "" : lines.front();
}

/// The names a dataset's folder of tars may have: datacomp's, and clip-benchmark's without "_test".
std::vector<std::string> folder_names(const DatasetFiles& dataset) {
  std::string name = folder_of_key(dataset.key);
  if (const Dataset* known = find_dataset(dataset.key)) name = known->folder;
  std::vector<std::string> out = {name, name.substr(0, name.rfind("_test"))};
  if (find_dataset(dataset.key) == nullptr) out.push_back(dataset.key);
  return out;
}

void read_lists(DatasetFiles& dataset) {
  const std::string names = dataset.folder + "/classnames.txt";
  const std::string templates = dataset.folder + "/zeroshot_classification_templates.txt";
  if (is_file(names)) {
    dataset.class_names = class_lines(read_file(names, kMaxList));
  } else if (dataset.key == "imagenet1k") {
    dataset.class_names = imagenet_names();
  } else {
    dataset.missing.push_back(names);
  }
  if (is_file(templates)) {
    dataset.templates = class_lines(read_file(templates, kMaxList));
  } else if (dataset.key == "imagenet1k") {
    dataset.templates = imagenet_templates();
  } else {
    dataset.missing.push_back(templates);
  }
}

void read_tars(DatasetFiles& dataset) {
  const std::string list = dataset.folder + "/test/nshards.txt";
  if (!is_file(list)) {
    dataset.missing.push_back(list);
    return;
  }
  const std::string text = trimmed(read_file(list, kMaxList));
  uint64_t count = 0;
  const auto result = std::from_chars(text.data(), text.data() + text.size(), count);
  if (result.ec != std::errc() || result.ptr != text.data() + text.size() || count == 0 ||
      count > kMaxShards) {
    fail(ErrorCode::kDamaged, "{}: a number of shards from 1 to {} is expected, not {}", list,
         kMaxShards, quote(text));
  }
  for (uint64_t i = 0; i < count; ++i) {
    Shard shard{fmt::format("{}.tar", i), fmt::format("{}/test/{}.tar", dataset.folder, i), {}};
    if (!is_file(shard.tar)) dataset.missing.push_back(shard.tar);
    dataset.shards.push_back(std::move(shard));
  }
}

void apply_type(DatasetFiles& dataset) {
  const std::string file = dataset.folder + "/dataset_type.txt";
  if (find_dataset(dataset.key) != nullptr || !is_file(file)) return;
  const std::string type = trimmed(read_file(file, kMaxList));
  if (type == "retrieval") {
    dataset.evaluator = Evaluator::kRetrieval;
    dataset.main_metric = "mean_recall@1";
  } else if (type == "multilabel") {
    dataset.evaluator = Evaluator::kMultilabel;
    dataset.main_metric = "mean_average_precision";
  } else if (type != "classification") {
    fail(ErrorCode::kUnsupported, "{}: classification, retrieval or multilabel is expected, not {}",
         file, quote(type));
  }
}

/// Size and time of change of a file.
std::string stamp(const std::string& path) {
  struct stat status {};
  if (::stat(path.c_str(), &status) != 0) throw system_error("look at", path, errno);
  return fmt::format("{} {}.{:09}", status.st_size, status.st_mtim.tv_sec, status.st_mtim.tv_nsec);
}

}  // namespace

DatasetFiles describe_dataset(const std::string& key) {
  DatasetFiles out;
  out.key = out.name = key;
  out.main_metric = "acc1";
  if (const Dataset* known = find_dataset(key)) {
    out.name = known->name;
    out.main_metric = known->main_metric;
    out.evaluator = known->evaluator;
    out.expected = known->images;
    out.expected_classes = known->classes;
  }
  return out;
}

DatasetFiles find_dataset_files(const std::string& data_dir, const std::string& key) {
  DatasetFiles out = describe_dataset(key);
  for (const std::string& name : folder_names(out)) {
    std::string folder = fmt::format("{}/{}", data_dir, name);
    if (out.folder.empty() && is_folder(folder)) out.folder = std::move(folder);
  }
  if (out.folder.empty()) {
    if (add_raw_folders(out, data_dir)) return out;
    out.missing.push_back(data_dir + "/" + folder_names(out).front() + "/");
    return out;
  }
  apply_type(out);
  const bool classes =
      out.evaluator != Evaluator::kRetrieval && out.evaluator != Evaluator::kWinogavil;
  if (classes) read_lists(out);
  read_tars(out);
  return out;
}

std::string shard_identity(const Shard& shard) {
  if (!shard.tar.empty()) return stamp(shard.tar);
  std::string out;
  for (const FileItem& item : shard.files) {
    out += fmt::format("{}\t{}\t{}\n", item.key, item.label, stamp(item.path));
    for (const std::string& caption : item.captions) out += caption + "\n";
  }
  return out;
}

}  // namespace mobileclip::eval
