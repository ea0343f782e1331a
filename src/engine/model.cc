#include "engine/model.h"

#include "base/error.h"
#include "checkpoint/scope.h"
#include "config/dialect.h"
#include "kernels/isa.h"
#include "layers/foundry.h"
#include "model/clip.h"
#include "reparam/values.h"

namespace mobileclip {
namespace {

bool is_statistic(std::string_view name) {
  return name.ends_with(".running_mean") || name.ends_with(".running_var");
}

/// The checks that building a tower makes on the way, for the tensors of one that is not built.
void check_unbuilt(const Checkpoint& checkpoint, const WeightSource& source,
                   const std::string& prefix, std::string_view tower, ThreadPool& pool) {
  std::vector<const TensorSpec*> specs;
  for (const TensorSpec& spec : source.fetched()) {
    if (!spec.integer && spec.ours.starts_with(tower)) specs.push_back(&spec);
  }
  const bool large = checkpoint.is_large();
  pool.parallel_for(specs.size(), [&](size_t i, int) {
    const TensorSpec& spec = *specs[i];
    require_sound({spec.name, spec.shape, checkpoint.find(prefix + spec.name)});
    if (large) checkpoint.release();
  });
}

}  // namespace

std::shared_ptr<const Model> Model::load(const std::string& path, const LoadOptions& options,
                                         ThreadPool& pool) {
  return load(Checkpoint::open(path), options, pool);
}

std::shared_ptr<const Model> Model::load(const Checkpoint& checkpoint, const LoadOptions& options,
                                         ThreadPool& pool) {
  if (options.precision == kernels::Precision::kBFloat16 && !kernels::amx_in_use()) {
    fail(ErrorCode::kUnsupported,
         "bfloat16 arithmetic needs a processor with AMX; the instruction set in use is {}",
         kernels::isa_name());
  }
  const Recognised recognised = recognise(checkpoint, options.arch);
  const ModelConfig& config = recognised.effective;
  checkpoint.verify(pool);

  const bool image = options.towers != Towers::kText;
  const bool text = options.towers != Towers::kImage;
  const bool converted = checkpoint.is_inference_form();
  // Of a converted file the training form is only recorded: paths and shapes of the layers.
  WeightSource source =
      converted ? WeightSource()
                : WeightSource(checkpoint, recognised.prefix, dialect_of(*recognised.config));
  const ClipWeights weights = ClipWeights::read(Scope(source), config);
  if (!converted) {
    source.finish(fmt::format("{} as {}", quote(checkpoint.name()), config.name));
    if (!image) check_unbuilt(checkpoint, source, recognised.prefix, "image_encoder.", pool);
    if (!text) check_unbuilt(checkpoint, source, recognised.prefix, "text_encoder.", pool);
  }
  std::optional<ModelTokenizer> tokenizer;
  if (text) tokenizer.emplace(config, checkpoint.name(), options.tokenizer);
  Foundry foundry;
  if (options.list) foundry = Foundry::listing();
  if (converted) foundry = Foundry::fetching(checkpoint, options.list);
  foundry.set_precision(options.precision);

  std::shared_ptr<Model> model(new Model);
  model->config_ = config;
  model->contract_is_stated_ = recognised.contract_is_stated;
  model->precision_ = options.precision;
  model->tokenizer_ = std::move(tokenizer);
  model->candidates_ = recognised.candidates;
  model->warnings_ = checkpoint.warnings();
  model->clip_ = std::make_unique<Clip>(checkpoint, weights, config, image, text, pool, foundry);
  model->folded_ = std::move(foundry.log());
  model->stored_ = std::make_shared<const std::vector<StoredTensor>>(foundry.kept());
  return model;
}

Model::~Model() = default;

PreprocessConfig Model::preprocess() const { return preprocess_config(config_); }

const ModelTokenizer& Model::tokenizer() const {
  if (!tokenizer_) fail(ErrorCode::kInternal, "{} was loaded without its text tower", config_.name);
  return *tokenizer_;
}

float Model::logit_scale() const { return clip_->logit_scale(); }

float Model::logit_bias() const { return clip_->logit_bias(); }

PreprocessConfig preprocess_config(const ModelConfig& config) {
  PreprocessConfig out;
  out.size = config.image_size;
  out.interpolation = config.interpolation == InterpolationKind::kBicubic
                          ? Interpolation::kBicubic
                          : Interpolation::kBilinear;
  out.squash = config.resize == ResizeKind::kSquash;
  out.mean = config.mean;
  out.std = config.std;
  return out;
}

ParameterCount count_parameters(const ModelConfig& config) {
  ParameterCount out;
  for (const TensorSpec& spec : expected_tensors(config)) {
    if (spec.integer || is_statistic(spec.name)) continue;
    uint64_t count = 1;
    for (const uint64_t extent : spec.shape) count *= extent;
    if (spec.ours.starts_with("image_encoder.")) out.image += count;
    if (spec.ours.starts_with("text_encoder.")) out.text += count;
  }
  return out;
}

}  // namespace mobileclip
