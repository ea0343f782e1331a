#include "data/augmentation_json.h"

#include <nlohmann/json.hpp>
#include <utility>

#include "base/error.h"

namespace mobileclip {
namespace {

using nlohmann::json;

/// An int, whatever the digits say.
int whole_number(const json& value, const char* expected) {
  if (!value.is_number_integer()) throw std::invalid_argument(expected);
  const auto number = value.get<int64_t>();
  if (!std::in_range<int>(number)) throw std::invalid_argument(expected);
  return static_cast<int>(number);
}

CropBox parse_box(const json& value) {
  if (!value.is_array() || value.size() != 4)
    throw std::invalid_argument("a crop has four numbers");
  constexpr const char* kExpected = "a crop is of whole numbers";
  return {whole_number(value[0], kExpected), whole_number(value[1], kExpected),
          whole_number(value[2], kExpected), whole_number(value[3], kExpected)};
}

Augmentation parse_one(const json& entry) {
  // Fields stand in the fixed order of the transforms; ours has two: the crop and the operations.
  if (!entry.is_array() || entry.size() != 2) {
    throw std::invalid_argument("an entry has a crop and a list of operations");
  }
  Augmentation out;
  if (!entry[0].is_null()) out.crop = parse_box(entry[0]);
  if (entry[1].is_null()) return out;
  if (!entry[1].is_array()) throw std::invalid_argument("the operations are no list");
  constexpr const char* kExpected = "an operation is a number and a magnitude";
  for (const json& op : entry[1]) {
    if (op.is_null()) continue;
    if (!op.is_array() || op.size() != 2 || !op[1].is_number()) {
      throw std::invalid_argument(kExpected);
    }
    out.ops.push_back({whole_number(op[0], kExpected), op[1].get<float>()});
  }
  return out;
}

}  // namespace

std::vector<Augmentation> parse_augmentations(const std::string& text, const std::string& what) {
  try {
    const json root = json::parse(text);
    json list = root.is_object() ? root.at("param_aug") : root;
    if (list.is_string()) list = json::parse(list.get<std::string>());
    if (!list.is_array()) throw std::invalid_argument("param_aug is no list");
    std::vector<Augmentation> out;
    for (const json& entry : list) out.push_back(parse_one(entry));
    return out;
  } catch (const std::exception& error) {
    fail(ErrorCode::kDamaged, "{}: bad augmentations: {}", what, error.what());
  }
}

std::string augmentations_json(const std::vector<Augmentation>& augmentations) {
  json list = json::array();
  for (const Augmentation& augmentation : augmentations) {
    json crop, ops = json::array();
    if (augmentation.crop) {
      const CropBox& box = *augmentation.crop;
      crop = {box.top, box.left, box.height, box.width};
    }
    for (const RandOp& op : augmentation.ops) {
      ops.push_back({op.op, static_cast<double>(op.magnitude)});
    }
    list.push_back({crop, ops});
  }
  return json{{"param_aug", list}}.dump();
}

}  // namespace mobileclip
