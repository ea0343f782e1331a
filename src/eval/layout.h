/// Datasets on disk: which files there are, and which are missing (spec §2).
#ifndef MOBILECLIP_EVAL_LAYOUT_H_
#define MOBILECLIP_EVAL_LAYOUT_H_

#include <cstdint>
#include <string>
#include <vector>

#include "eval/registry.h"

namespace mobileclip::eval {

/// One image in a file of its own.
struct FileItem {
  std::string path, key;
  int64_t label = -1;
  std::vector<std::string> captions;
};

/// What is embedded and cached at once: a tar, or some files.
struct Shard {
  std::string name;  ///< unique in the dataset
  std::string tar;   ///< empty: `files`
  std::vector<FileItem> files;
};

/// One question of WinoGAViL: which of the candidates go with the cue.
struct Instance {
  std::string cue;
  std::vector<std::string> candidates;
  std::vector<bool> is_true;  ///< as long as `candidates`
};

struct DatasetFiles {
  std::string key, name, main_metric, folder;
  Evaluator evaluator = Evaluator::kClassification;
  uint64_t expected = 0;  ///< 0: not known
  int expected_classes = 0;
  std::vector<std::string> class_names, templates;
  std::vector<Shard> shards;
  std::vector<Instance> instances;   ///< of WinoGAViL's CSV; those of tars come with the samples
  std::vector<std::string> missing;  ///< files; if there are any, the dataset cannot be evaluated
};

/// What a key stands for, without files: of a key that is not in the registry a classification of
/// unknown size.
DatasetFiles describe_dataset(const std::string& key);

/// Finds a dataset below `data_dir`: tars, or the unpacked files of the nlphuji repositories.
/// Errors: kIo; kDamaged for a list that cannot be understood.
DatasetFiles find_dataset_files(const std::string& data_dir, const std::string& key);

/// Adds the images of a folder: one folder below it for each class, sorted by bytes; or, with
/// `label_file`, lines "PATH LABEL" (paths relative to the folder). Errors: kNotFound for a folder
/// without images, kInvalidArgument for a label file that cannot be understood or another number of
/// class folders than of names.
void add_image_folder(DatasetFiles& dataset, const std::string& folder,
                      const std::string& label_file);

/// {"cue": …, "candidates": […], "associations": […]}. Error kDamaged.
Instance parse_instance(const std::string& json, const std::string& what);

/// Identity of a shard without reading it: names, sizes and times of change. Error kNotFound.
std::string shard_identity(const Shard& shard);

}  // namespace mobileclip::eval

#endif  // MOBILECLIP_EVAL_LAYOUT_H_
