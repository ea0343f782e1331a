/// The 40 datasets of the DataComp suite as plain data: one row each in registry.cc.
#ifndef MOBILECLIP_EVAL_REGISTRY_H_
#define MOBILECLIP_EVAL_REGISTRY_H_

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace mobileclip::eval {

enum class Evaluator { kClassification, kGroups, kFaces, kRetrieval, kWinogavil, kMultilabel };

/// "classification", "groups", "faces", "retrieval", "winogavil" or "multilabel".
std::string_view evaluator_name(Evaluator evaluator);

/// One dataset (spec/evaluation §1). `images` counts what N counts: for WinoGAViL instances.
struct Dataset {
  std::string_view key, name, folder;
  uint64_t images;
  int classes;                   ///< 0 where there are none
  std::string_view main_metric;  ///< empty: null, and not in the average
  Evaluator evaluator;
};

/// In the order of the published result files; the first 38 make the average.
std::span<const Dataset> registry();
inline constexpr size_t kAveraged = 38;
/// Null if there is none of that key.
const Dataset* find_dataset(std::string_view key);

/// "imagenet1k", "datacomp38", "retrieval", "all" or keys, comma separated → keys in order, each
/// once. A word that is no key stays: it may be a folder of the user's own. Error kInvalidArgument
/// for an empty word.
std::vector<std::string> expand_suite(std::string_view words);

/// The folder rule: without a leading "fairness/", '/' as '-', between "wds_" and "_test".
std::string folder_of_key(std::string_view key);

}  // namespace mobileclip::eval

#endif  // MOBILECLIP_EVAL_REGISTRY_H_
