#include "eval/registry.h"

#include <algorithm>

#include "base/error.h"

namespace mobileclip::eval {
namespace {

constexpr Dataset kDatasets[] = {
    {"vtab/caltech101", "Caltech-101", "wds_vtab-caltech101_test", 6085, 102,
     "mean_per_class_recall", Evaluator::kClassification},
    {"cifar10", "CIFAR-10", "wds_cifar10_test", 10000, 10, "acc1", Evaluator::kClassification},
    {"vtab/cifar100", "CIFAR-100", "wds_vtab-cifar100_test", 10000, 100, "acc1",
     Evaluator::kClassification},
    {"vtab/clevr_count_all", "CLEVR Counts", "wds_vtab-clevr_count_all_test", 15000, 8, "acc1",
     Evaluator::kClassification},
    {"vtab/clevr_closest_object_distance", "CLEVR Distance",
     "wds_vtab-clevr_closest_object_distance_test", 15000, 6, "acc1", Evaluator::kClassification},
    {"country211", "Country211", "wds_country211_test", 21100, 211, "acc1",
     Evaluator::kClassification},
    {"vtab/dtd", "Describable Textures", "wds_vtab-dtd_test", 1880, 47, "acc1",
     Evaluator::kClassification},
    {"vtab/eurosat", "EuroSAT", "wds_vtab-eurosat_test", 5400, 10, "acc1",
     Evaluator::kClassification},
    {"fgvc_aircraft", "FGVC Aircraft", "wds_fgvc_aircraft_test", 3333, 100, "mean_per_class_recall",
     Evaluator::kClassification},
    {"food101", "Food-101", "wds_food101_test", 25250, 101, "acc1", Evaluator::kClassification},
    {"gtsrb", "GTSRB", "wds_gtsrb_test", 12630, 43, "acc1", Evaluator::kClassification},
    {"imagenet1k", "ImageNet 1k", "wds_imagenet1k_test", 50000, 1000, "acc1",
     Evaluator::kClassification},
    {"imagenet_sketch", "ImageNet Sketch", "wds_imagenet_sketch_test", 50889, 1000, "acc1",
     Evaluator::kClassification},
    {"imagenetv2", "ImageNet v2", "wds_imagenetv2_test", 10000, 1000, "acc1",
     Evaluator::kClassification},
    {"imagenet-a", "ImageNet-A", "wds_imagenet-a_test", 7500, 200, "acc1",
     Evaluator::kClassification},
    {"imagenet-o", "ImageNet-O", "wds_imagenet-o_test", 2000, 200, "acc1",
     Evaluator::kClassification},
    {"imagenet-r", "ImageNet-R", "wds_imagenet-r_test", 30000, 200, "acc1",
     Evaluator::kClassification},
    {"vtab/kitti_closest_vehicle_distance", "KITTI Vehicle Distance",
     "wds_vtab-kitti_closest_vehicle_distance_test", 711, 4, "acc1", Evaluator::kClassification},
    {"mnist", "MNIST", "wds_mnist_test", 10000, 10, "acc1", Evaluator::kClassification},
    {"objectnet", "ObjectNet", "wds_objectnet_test", 18574, 113, "acc1",
     Evaluator::kClassification},
    {"vtab/flowers", "Oxford Flowers-102", "wds_vtab-flowers_test", 6149, 102,
     "mean_per_class_recall", Evaluator::kClassification},
    {"vtab/pets", "Oxford-IIIT Pet", "wds_vtab-pets_test", 3669, 37, "mean_per_class_recall",
     Evaluator::kClassification},
    {"voc2007", "Pascal VOC 2007", "wds_voc2007_test", 14976, 20, "acc1",
     Evaluator::kClassification},
    {"vtab/pcam", "PatchCamelyon", "wds_vtab-pcam_test", 32768, 2, "acc1",
     Evaluator::kClassification},
    {"renderedsst2", "Rendered SST2", "wds_renderedsst2_test", 1821, 2, "acc1",
     Evaluator::kClassification},
    {"vtab/resisc45", "RESISC45", "wds_vtab-resisc45_test", 6300, 45, "acc1",
     Evaluator::kClassification},
    {"cars", "Stanford Cars", "wds_cars_test", 8041, 196, "acc1", Evaluator::kClassification},
    {"stl10", "STL-10", "wds_stl10_test", 8000, 10, "acc1", Evaluator::kClassification},
    {"sun397", "SUN397", "wds_sun397_test", 108754, 397, "acc1", Evaluator::kClassification},
    {"vtab/svhn", "SVHN", "wds_vtab-svhn_test", 26032, 10, "acc1", Evaluator::kClassification},
    {"retrieval/flickr_1k_test_image_text_retrieval", "Flickr", "wds_flickr30k_test", 1000, 0,
     "mean_recall@1", Evaluator::kRetrieval},
    {"retrieval/mscoco_2014_5k_test_image_text_retrieval", "MSCOCO", "wds_mscoco_captions_test",
     5000, 0, "mean_recall@1", Evaluator::kRetrieval},
    {"misc/winogavil", "WinoGAViL", "wds_winogavil_test", 3563, 0, "jaccard_score_10-12",
     Evaluator::kWinogavil},
    {"wilds/iwildcam", "iWildCam", "wds_wilds-iwildcam_test", 42791, 182, "F1-macro_all",
     Evaluator::kGroups},
    {"wilds/camelyon17", "Camelyon17", "wds_wilds-camelyon17_test", 85054, 2, "acc1",
     Evaluator::kGroups},
    {"wilds/fmow", "FMoW", "wds_wilds-fmow_test", 22108, 62, "acc_worst_region",
     Evaluator::kGroups},
    {"fairness/dollar_street", "Dollar Street", "wds_dollar_street_test", 3503, 58, "acc_top5_wg",
     Evaluator::kGroups},
    {"fairness/geode", "GeoDE", "wds_geode_test", 12488, 40, "acc_wg", Evaluator::kGroups},
    {"fairness/fairface", "FairFace", "wds_fairface_test", 10954, 0, "", Evaluator::kFaces},
    {"fairness/utkface", "UTKFace", "wds_utkface_test", 23703, 0, "", Evaluator::kFaces},
};

void add_once(std::vector<std::string>& keys, std::string_view key) {
  if (std::ranges::find(keys, key) == keys.end()) keys.emplace_back(key);
}

}  // namespace

std::string_view evaluator_name(Evaluator evaluator) {
  switch (evaluator) {
    case Evaluator::kClassification:
      return "classification";
    case Evaluator::kGroups:
      return "groups";
    case Evaluator::kFaces:
      return "faces";
    case Evaluator::kRetrieval:
      return "retrieval";
    case Evaluator::kWinogavil:
      return "winogavil";
    case Evaluator::kMultilabel:
      return "multilabel";
  }
  return "";
}

std::span<const Dataset> registry() { return kDatasets; }

const Dataset* find_dataset(std::string_view key) {
  const auto* const found = std::ranges::find(kDatasets, key, &Dataset::key);
  return found == std::end(kDatasets) ? nullptr : found;
}

std::vector<std::string> expand_suite(std::string_view words) {
  std::vector<std::string> keys;
  while (true) {
    const size_t comma = words.find(',');
    const std::string_view word = words.substr(0, comma);
    if (word.empty()) fail(ErrorCode::kInvalidArgument, "an empty word among the datasets");
    size_t number = 0;
    for (const Dataset& dataset : kDatasets) {
      const bool averaged = number++ < kAveraged;
      const bool image_text =
          dataset.evaluator == Evaluator::kRetrieval || dataset.evaluator == Evaluator::kWinogavil;
      if (word == "all" || (word == "datacomp38" && averaged) ||
          (word == "retrieval" && image_text)) {
        add_once(keys, dataset.key);
      }
    }
    if (word != "all" && word != "datacomp38" && word != "retrieval") add_once(keys, word);
    if (comma == std::string_view::npos) return keys;
    words.remove_prefix(comma + 1);
  }
}

std::string folder_of_key(std::string_view key) {
  constexpr std::string_view kFairness = "fairness/";
  if (key.starts_with(kFairness)) key.remove_prefix(kFairness.size());
  std::string out(key);
  std::ranges::replace(out, '/', '-');
  return "wds_" + out + "_test";
}

}  // namespace mobileclip::eval
