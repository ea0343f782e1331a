#include "train/train_config.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <set>

#include "base/counter_rng.h"
#include "base/error.h"
#include "base/mapped_file.h"
#include "config/model_config.h"
#include "data/shard_reader.h"

namespace mobileclip::train {
namespace {

using nlohmann::json;

constexpr size_t kMaxConfig = size_t{1} << 20;

/// An object whose keys must all be asked for.
class Section {
 public:
  Section(const json& value, std::string path) : value_(value), path_(std::move(path)) {
    if (!value_.is_object()) fail(ErrorCode::kInvalidArgument, "{} must be an object", path_);
  }

  template <typename T>
  void read(const char* key, T& out, double low, double high) {
    const json* found = find(key);
    if (found == nullptr) return;
    const bool whole = std::is_integral_v<T>;
    if (whole ? !found->is_number_integer() : !found->is_number()) {
      bad(key, whole ? "a whole number" : "a number");
    }
    const double number = found->get<double>();
    if (!(number >= low && number <= high)) {
      bad(key, fmt::format("{} from {} to {}", whole ? "a whole number" : "a number", low, high));
    }
    out = found->get<T>();
  }
  void text(const char* key, std::string& out) {
    if (const json* found = find(key)) {
      if (!found->is_string() || found->get<std::string>().empty()) bad(key, "a string");
      out = found->get<std::string>();
    }
  }
  void flag(const char* key, bool& out) {
    if (const json* found = find(key)) {
      if (!found->is_boolean()) bad(key, "true or false");
      out = found->get<bool>();
    }
  }
  template <typename E>
  void choice(const char* key, E& out, const std::vector<std::pair<std::string, E>>& choices) {
    const json* found = find(key);
    if (found == nullptr) return;
    std::string allowed;
    for (const auto& [name, value] : choices) {
      if (*found == name) {
        out = value;
        return;
      }
      allowed += fmt::format("{}{}", allowed.empty() ? "" : ", ", quote(name));
    }
    bad(key, "one of " + allowed);
  }
  /// A string or a list of strings.
  std::vector<std::string> texts(const char* key) {
    const json* found = find(key);
    if (found == nullptr) return {};
    std::vector<std::string> out;
    for (const json& one : found->is_array() ? *found : json::array({*found})) {
      if (!one.is_string()) bad(key, "a string or a list of strings");
      out.push_back(one.get<std::string>());
    }
    return out;
  }
  const json* find(const char* key) {
    seen_.insert(key);
    const auto at = value_.find(key);
    return at == value_.end() ? nullptr : &*at;
  }
  /// Errors for keys that nobody asked for.
  void finish() const {
    for (const auto& [key, value] : value_.items()) {
      if (seen_.contains(key)) continue;
      std::string known;
      for (const std::string& one : seen_)
        known += fmt::format("{}{}", known.empty() ? "" : ", ", one);
      fail(ErrorCode::kInvalidArgument, "{}: unknown key {}; known are {}", path_, quote(key),
           known);
    }
  }
  [[noreturn]] void bad(const char* key, const std::string& allowed) const {
    fail(ErrorCode::kInvalidArgument, "{}.{} is {}: {} is needed", path_, key,
         value_.at(key).dump(), allowed);
  }
  const std::string& path() const { return path_; }

 private:
  const json& value_;
  std::string path_;
  std::set<std::string> seen_;
};

std::vector<std::string> expand_all(const std::vector<std::string>& words) {
  std::vector<std::string> out;
  for (const std::string& word : words) {
    const std::vector<std::string> some = expand_shards(word);
    out.insert(out.end(), some.begin(), some.end());
  }
  return out;
}

void read_optimizer(Section& top, TrainConfig& c) {
  top.read("lr", c.schedule.base, 0, 10);
  top.read("min_lr", c.schedule.floor, 0, 10);
  top.read("warmup", c.schedule.warmup, 0, 1e9);
  top.read("weight_decay", c.adamw.weight_decay, 0, 10);
  top.read("beta1", c.adamw.beta1, 0, 0.999999);
  top.read("beta2", c.adamw.beta2, 0, 0.999999);
  c.adamw.eps = default_eps(c.model);
  top.read("eps", c.adamw.eps, 1e-16, 1);
  top.read("grad_clip", c.grad_clip, 0, 1e9);
  top.read("init_scale", c.init_scale, 1, 100);
  top.read("max_scale", c.max_scale, 1, 1000);
  top.read("layer_scale", c.layer_scale, 0, 10);
  top.read("ema", c.ema, 0, 0.9999999);
  top.choice("precision", c.precision,
             {{"f32", Precision::kFloat32}, {"bf16", Precision::kBfloat16}});
}

void read_loss(const json& value, TrainConfig& c) {
  Section loss(value, "loss");
  loss.read("clip_weight", c.loss.clip_weight, 0, 1000);
  loss.read("distill_weight", c.loss.distill_weight, 0, 1000);
  loss.flag("synthetic", c.synthetic);
  loss.text("synthetic_keys", c.synthetic_keys);
  loss.choice(
      "average", c.loss.average,
      {{"probabilities", TeacherAverage::kProbabilities}, {"logits", TeacherAverage::kLogits}});
  if (const json* teachers = loss.find("teachers")) {
    if (!teachers->is_array()) loss.bad("teachers", "a list of {dim, scale}");
    for (size_t i = 0; i < teachers->size(); ++i) {
      Section one((*teachers)[i], fmt::format("loss.teachers[{}]", i));
      TeacherSpec teacher;
      one.read("dim", teacher.dim, 1, 65536);
      one.read("scale", teacher.scale, 1e-3, 1000);
      one.flag("use", teacher.use);
      one.finish();
      if (teacher.dim == 0 || teacher.scale == 0) {
        fail(ErrorCode::kInvalidArgument, "{} needs both dim and scale", one.path());
      }
      c.loss.teachers.push_back(teacher);
    }
  }
  loss.finish();
  const auto used = std::ranges::count_if(c.loss.teachers, &TeacherSpec::use);
  if (used < std::ssize(c.loss.teachers) && c.loss.average == TeacherAverage::kLogits) {
    fail(ErrorCode::kInvalidArgument, "loss.average \"logits\" uses every stored teacher");
  }
  if (c.loss.distill_weight > 0 && used == 0) {
    fail(ErrorCode::kInvalidArgument,
         "loss.distill_weight is {}: loss.teachers must list each teacher's dim and scale",
         c.loss.distill_weight);
  }
  if (c.loss.distill_weight == 0 && c.loss.clip_weight == 0) {
    fail(ErrorCode::kInvalidArgument, "loss.clip_weight and loss.distill_weight are both 0");
  }
}

void read_rest(Section& top, TrainConfig& c) {
  if (const json* value = top.find("loss")) read_loss(*value, c);
  if (const json* value = top.find("augment")) {
    Section augment(*value, "augment");
    augment.choice("mode", c.augment.mode,
                   {{"none", AugmentMode::kNone},
                    {"random", AugmentMode::kRandom},
                    {"stored", AugmentMode::kStored}});
    augment.read("scale_low", c.augment.scale_low, 0.01, 1);
    augment.read("ops", c.augment.ops, 0, 10);
    augment.finish();
  }
  if (const json* value = top.find("validation")) {
    Section validation(*value, "validation");
    c.validation.shards = expand_all(validation.texts("shards"));
    validation.read("every", c.validation.every, 1, 1e9);
    if (auto templates = validation.texts("templates"); !templates.empty()) {
      c.validation.templates = templates;
    }
    validation.finish();
  }
  if (c.loss.distill_weight > 0 && c.augment.mode != AugmentMode::kStored) {
    fail(ErrorCode::kInvalidArgument,
         "loss.distill_weight is {}: augment.mode must be \"stored\", for the stored embeddings "
         "belong to the stored views",
         c.loss.distill_weight);
  }
}

void apply_overrides(json& root, const std::map<std::string, std::string>& overrides) {
  for (const auto& [key, text] : overrides) {
    std::string pointer = fmt::format("/{}", key);
    std::ranges::replace(pointer, '.', '/');
    json value = json::parse(text, nullptr, false);
    if (value.is_discarded()) value = text;  // a bare word is a string
    root[json::json_pointer(pointer)] = value;
  }
}

}  // namespace

double default_eps(std::string_view model) {
  return model.find("vit") != std::string_view::npos || model.find("ViT") != std::string_view::npos
             ? 1e-6
             : 1e-8;
}

TrainConfig parse_train_config(const std::string& text, const std::string& path,
                               const std::map<std::string, std::string>& overrides) {
  json root = json::parse(text, nullptr, false, true);
  if (root.is_discarded()) fail(ErrorCode::kInvalidArgument, "{} is no JSON", quote(path));
  apply_overrides(root, overrides);
  TrainConfig c;
  Section top(root, path);
  top.text("model", c.model);
  if (find_variant(c.model) == nullptr) {
    fail(ErrorCode::kInvalidArgument, "{}.model is {}: the name of a variant is needed", path,
         quote(c.model));
  }
  top.text("out", c.out);
  if (c.out.empty())
    fail(ErrorCode::kInvalidArgument, "{}: out, the run's folder, is missing", path);
  c.shards = expand_all(top.texts("shards"));
  if (c.shards.empty()) fail(ErrorCode::kInvalidArgument, "{}: shards is missing", path);
  top.read("seed", c.seed, 0, 9e15);
  top.read("steps", c.steps, 1, 1e9);
  top.read("batch", c.batch, 2, 1e6);
  top.read("micro_batches", c.micro_batches, 1, 4096);
  top.read("shuffle_buffer", c.shuffle_buffer, 1, 1e8);
  top.read("workers", c.workers, 1, 1024);
  top.read("checkpoint_every", c.checkpoint_every, 1, 1e9);
  top.read("log_every", c.log_every, 1, 1e9);
  read_optimizer(top, c);
  read_rest(top, c);
  top.finish();
  c.schedule.total = c.steps;
  if (c.schedule.warmup >= c.steps) {
    fail(ErrorCode::kInvalidArgument, "{}.warmup is {}: fewer than steps ({}) are needed", path,
         c.schedule.warmup, c.steps);
  }
  return c;
}

TrainConfig read_train_config(const std::string& path,
                              const std::map<std::string, std::string>& overrides) {
  return parse_train_config(read_file(path, kMaxConfig), path, overrides);
}

uint64_t TrainConfig::hash() const {
  std::string text = fmt::format(
      "{} {} {} {} {} {} {} {} {} {} {} {} {} {} {} {} {} {} {} {} {} {} {} {} {} {} {}", model,
      seed, steps, batch, micro_batches, schedule.base, schedule.floor, schedule.warmup,
      adamw.beta1, adamw.beta2, adamw.eps, adamw.weight_decay, grad_clip, init_scale, max_scale,
      layer_scale, ema, static_cast<int>(precision), loss.clip_weight, loss.distill_weight,
      static_cast<int>(loss.average), synthetic, synthetic_keys, static_cast<int>(augment.mode),
      augment.scale_low, augment.ops, shuffle_buffer);
  for (const TeacherSpec& teacher : loss.teachers) {
    text += fmt::format(" {}:{}:{}", teacher.dim, teacher.scale, teacher.use);
  }
  for (const std::string& shard : shards)
    text += fmt::format(" {}", shard.substr(shard.rfind('/') + 1));
  return hash_name(text);
}

}  // namespace mobileclip::train
