#include "train/validate.h"

#include <map>

#include "base/error.h"
#include "data/record.h"
#include "engine/model.h"
#include "image/preprocess.h"
#include "text/tokenizer.h"

namespace mobileclip::train {
namespace {

constexpr int64_t kBatch = 256;

torch::Tensor encode_parts(const torch::Tensor& rows, const auto& encode) {
  std::vector<torch::Tensor> out;
  for (const torch::Tensor& part : torch::split(rows, kBatch)) out.push_back(encode(part));
  return torch::cat(out);
}

torch::Tensor token_rows(const std::vector<std::string>& texts, int context) {
  const torch::Tensor out =
      torch::zeros({static_cast<int64_t>(texts.size()), context}, torch::kInt64);
  for (size_t i = 0; i < texts.size(); ++i) {
    const Tokens tokens = Tokenizer::shared().encode(texts[i], context);
    for (size_t j = 0; j < tokens.ids.size(); ++j) {
      out[static_cast<int64_t>(i)][static_cast<int64_t>(j)] = tokens.ids[j];
    }
  }
  return out;
}

/// Fraction of rows for which a column with `good` true is among the k highest scores.
double hit_rate(const torch::Tensor& scores, const torch::Tensor& good, int64_t k) {
  const torch::Tensor best = std::get<1>(scores.topk(std::min(k, scores.size(1)), 1));
  return good.gather(1, best).any(1).to(torch::kFloat64).mean().item<double>();
}

std::string fill_template(std::string text, const std::string& caption) {
  for (size_t at = text.find("{}"); at != std::string::npos; at = text.find("{}", at)) {
    text.replace(at, 2, caption);
    at += caption.size();
  }
  return text;
}

}  // namespace

Validator::Validator(const std::vector<std::string>& shards,
                     const std::vector<std::string>& templates, const ModelConfig& model)
    : templates_(templates) {
  const PreprocessConfig contract = preprocess_config(model);
  const int64_t size = contract.size;
  std::map<std::string, int64_t> classes;
  std::vector<std::string> captions;
  std::vector<torch::Tensor> images;
  for (const std::string& shard : shards) {
    ShardReader reader(shard);
    while (const std::optional<Sample> sample = reader.next()) {
      const Record record = parse_record(*sample);
      if (!record.caption || record.image.empty()) continue;
      captions.push_back(*record.caption);
      classes.emplace(*record.caption, 0);
      const torch::Tensor image = torch::empty({3, size, size});
      to_float_chw(load_crop(std::as_bytes(std::span(record.image)), contract), contract,
                   image.data_ptr<float>());
      images.push_back(image);
    }
  }
  if (images.empty()) fail(ErrorCode::kInvalidArgument, "validation.shards hold no usable record");
  int64_t number = 0;
  for (auto& [name, index] : classes) index = number++;
  std::vector<int64_t> labels;
  for (const std::string& caption : captions) labels.push_back(classes.at(caption));
  images_ = torch::stack(images);
  labels_ = torch::tensor(labels);
  for (const std::string& one : templates_) {
    std::vector<std::string> prompts;
    for (const auto& [name, index] : classes) prompts.push_back(fill_template(one, name));
    prompts_.push_back(token_rows(prompts, model.text.context));
  }
}

Accuracy Validator::run(const Student& student) const {
  const torch::NoGradGuard no_grad;
  const torch::Tensor u = encode_parts(
      images_, [&](const torch::Tensor& x) { return student.encode_image(x, Mode::kEval); });
  torch::Tensor text;
  for (const torch::Tensor& prompts : prompts_) {
    const torch::Tensor rows = encode_parts(
        prompts, [&](const torch::Tensor& x) { return student.encode_text(x, Mode::kEval); });
    text = text.defined() ? text + rows : rows;
  }
  text = text / text.norm(2, 1, true);
  const torch::Tensor scores = torch::matmul(u, text.t());  // N × C
  const torch::Tensor own = labels_.unsqueeze(1) == torch::arange(text.size(0)).unsqueeze(0);
  Accuracy out{u.size(0), text.size(0)};
  out.top1 = hit_rate(scores, own, 1);
  out.top5 = hit_rate(scores, own, 5);
  out.image_to_text1 = out.top1;
  out.image_to_text5 = out.top5;
  out.text_to_image1 = hit_rate(scores.t(), own.t(), 1);
  out.text_to_image5 = hit_rate(scores.t(), own.t(), 5);
  return out;
}

}  // namespace mobileclip::train
