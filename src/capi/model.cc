// Models: creation, properties, errors.
#include <cstddef>
#include <cstring>
#include <optional>

#include "capi/model_handle.h"

using mobileclip::ErrorCode;
using mobileclip::fail;
using mobileclip::Options;
namespace capi = mobileclip::capi;

namespace {

/// The sizes of the options so far, by the field that came next.
constexpr size_t kKnownOptions[] = {offsetof(mobileclip_options, tokenizer),
                                    offsetof(mobileclip_options, precision),
                                    sizeof(mobileclip_options)};

Options options_of(const mobileclip_options* given) {
  Options out;
  if (given == nullptr) return out;
  mobileclip_options options{};
  if (given->struct_size < kKnownOptions[0]) {
    fail(ErrorCode::kInvalidArgument,
         "struct_size of the options is {}, expected sizeof(mobileclip_options), {}",
         given->struct_size, sizeof options);
  }
  size_t known = 0;
  for (const size_t size : kKnownOptions) known = size <= given->struct_size ? size : known;
  std::memcpy(&options, given, known);
  out.threads = options.threads;
  if (options.batch != 0) out.batch = options.batch;
  if (options.arch != nullptr) out.arch = options.arch;
  if (options.tokenizer != nullptr) out.tokenizer = options.tokenizer;
  if (options.precision != nullptr) out.precision = options.precision;
  return out;
}

}  // namespace

const char* mobileclip_version(void) { return MOBILECLIP_VERSION; }

const char* mobileclip_status_name(mobileclip_status status) {
  switch (status) {
    case MOBILECLIP_OK:
      return "ok";
    case MOBILECLIP_OUT_OF_MEMORY:
      return "out_of_memory";
    case MOBILECLIP_SOME_FAILED:
      return "some_failed";
    default:
      break;
  }
  const int code = static_cast<int>(status);
  if (code < MOBILECLIP_INVALID_ARGUMENT || code > MOBILECLIP_INTERNAL) return "unknown";
  // The names are literals: they end with a zero byte.
  return mobileclip::error_code_name(static_cast<ErrorCode>(code)).data();  // NOLINT
}

mobileclip_status mobileclip_create_model(const char* file_or_name,
                                          const mobileclip_options* options,
                                          mobileclip_model** out) {
  if (out != nullptr) *out = nullptr;
  return capi::guarded(nullptr, [&] {
    capi::require_pointer("the place for the model", out, 1);
    *out = new mobileclip_model(
        mobileclip::create_model(file_or_name == nullptr ? "" : file_or_name, options_of(options)));
    return MOBILECLIP_OK;
  });
}

void mobileclip_free_model(mobileclip_model* model) {
  if (model == nullptr) return;
  capi::forget_failure(*model);
  delete model;
}

const char* mobileclip_last_error(const mobileclip_model* model) {
  try {
    return capi::failure_of(model).sentence.c_str();
  } catch (...) {
    return "not enough memory";
  }
}

const char* mobileclip_item_error(const mobileclip_model* model, size_t item) {
  if (model == nullptr) return "";
  try {
    const auto& items = capi::failure_of(model).items;
    return item < items.size() ? items[item].c_str() : "";
  } catch (...) {
    return "not enough memory";
  }
}

const char* mobileclip_model_name(const mobileclip_model* model) {
  return model == nullptr ? "" : model->name.c_str();
}

size_t mobileclip_embed_dim(const mobileclip_model* model) {
  return model == nullptr ? 0 : static_cast<size_t>(model->model.embed_dim());
}

size_t mobileclip_image_size(const mobileclip_model* model) {
  return model == nullptr ? 0 : static_cast<size_t>(model->model.image_size());
}

size_t mobileclip_context_length(const mobileclip_model* model) {
  return model == nullptr ? 0 : static_cast<size_t>(model->model.context_length());
}

float mobileclip_logit_scale(const mobileclip_model* model) {
  return model == nullptr ? 0 : model->model.logit_scale();
}

int mobileclip_logit_bias(const mobileclip_model* model, float* bias) {
  if (model == nullptr) return 0;
  const std::optional<float> own = model->model.logit_bias();
  if (!own) return 0;
  if (bias != nullptr) *bias = *own;
  return 1;
}
