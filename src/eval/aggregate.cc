#include "eval/aggregate.h"

#include "eval/registry.h"

namespace mobileclip::eval {
namespace {

struct Group {
  std::string_view name;
  std::vector<std::string_view> keys;
};

std::vector<Group> groups() {
  Group all{"mean of 38", {}};
  for (const Dataset& dataset : registry().first(kAveraged)) all.keys.push_back(dataset.key);
  return {
      {"ImageNet 1k", {"imagenet1k"}},
      all,
      {"ImageNet dist. shifts (6)",
       {"imagenet_sketch", "imagenetv2", "imagenet-a", "imagenet-o", "imagenet-r", "objectnet"}},
      {"VTAB (13)",
       {"vtab/caltech101", "vtab/cifar100", "vtab/clevr_count_all",
        "vtab/clevr_closest_object_distance", "vtab/dtd", "vtab/eurosat",
        "vtab/kitti_closest_vehicle_distance", "vtab/flowers", "vtab/pets", "vtab/pcam",
        "vtab/resisc45", "vtab/svhn", "sun397"}},
      {"Retrieval (3)",
       {"retrieval/flickr_1k_test_image_text_retrieval",
        "retrieval/mscoco_2014_5k_test_image_text_retrieval", "misc/winogavil"}}};
}

}  // namespace

std::vector<Aggregate> aggregates(const MainMetrics& metrics) {
  std::vector<Aggregate> out;
  for (Group& group : groups()) {
    Aggregate aggregate{group.name, {}, std::move(group.keys), 0, {}};
    double sum = 0;
    for (const std::string_view key : aggregate.keys) {
      const auto found = metrics.find(key);
      if (found == metrics.end()) continue;
      sum += found->second;
      ++aggregate.present;
    }
    if (aggregate.present > 0) {
      aggregate.over_present = sum / static_cast<double>(aggregate.present);
    }
    if (aggregate.present == aggregate.keys.size()) aggregate.value = aggregate.over_present;
    out.push_back(std::move(aggregate));
  }
  return out;
}

}  // namespace mobileclip::eval
