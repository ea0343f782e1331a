#include "engine/convert.h"

#include <algorithm>
#include <vector>

#include "base/error.h"
#include "checkpoint/narrow.h"
#include "checkpoint/safetensors_writer.h"
#include "engine/file_metadata.h"
#include "engine/model.h"
#include "layers/foundry.h"

namespace mobileclip {
namespace {

uint64_t elements_of(const StoredTensor& tensor) {
  uint64_t count = 1;
  for (const uint64_t extent : tensor.shape) count *= extent;
  return count;
}

struct Planned {
  const StoredTensor* tensor;
  DType dtype;
};

/// What each tensor is stored as. Every layer whose weights are rounded to the 8 bits of a bfloat16
/// adds to the error, a small one as much as a large one. So the smallest matrices stay float32,
/// as many as fit into kBfloat16Share of the size of all tensors in float32.
std::vector<Planned> plan(const std::vector<StoredTensor>& tensors, DType asked) {
  constexpr double kBfloat16Share = 0.68;
  std::vector<Planned> out;
  double bytes = 0;  // as asked
  double wide = 0;
  for (const StoredTensor& tensor : tensors) {
    out.push_back({&tensor, tensor.may_be_narrow ? asked : DType::kFloat32});
    bytes += static_cast<double>(elements_of(tensor) * dtype_size(out.back().dtype));
    wide += static_cast<double>(elements_of(tensor) * sizeof(float));
  }
  if (asked != DType::kBFloat16) return out;
  std::vector<Planned*> rounded;
  for (Planned& one : out) {
    if (one.dtype == asked) rounded.push_back(&one);
  }
  std::ranges::stable_sort(rounded, {},
                           [](const Planned* one) { return elements_of(*one->tensor); });
  for (Planned* one : rounded) {
    bytes += static_cast<double>(elements_of(*one->tensor) * (sizeof(float) - dtype_size(asked)));
    if (bytes > kBfloat16Share * wide) break;
    one->dtype = DType::kFloat32;
  }
  return out;
}

/// So that every float32 tensor a kernel reads lies on 64 bytes, without gaps: whole multiples
/// first, then the other float32 tensors, then those that are converted on the way anyway.
int place_of(const Planned& planned) {
  constexpr uint64_t kAlignedElements = 64 / sizeof(float);
  if (planned.dtype != DType::kFloat32) return 2;
  return elements_of(*planned.tensor) % kAlignedElements == 0 ? 0 : 1;
}

void write_tensor(const StoredTensor& tensor, DType dtype, SafetensorsWriter& writer) {
  std::vector<float> rows;
  std::span<const float> values(tensor.floats, elements_of(tensor));
  if (tensor.table != nullptr) {
    rows.resize(values.size());
    read_elements(*tensor.table, rows.data());
    values = rows;
  }
  if (dtype == DType::kFloat32) return writer.write(std::as_bytes(values));
  writer.write(std::as_bytes(std::span<const uint16_t>(narrow(values, dtype, tensor.name))));
}

std::map<std::string, std::string> metadata_of(const Checkpoint& from, const ModelConfig& config,
                                               const ConvertOptions& options) {
  std::map<std::string, std::string> out = describe(config);
  out.emplace("format_version", "2");
  out.emplace("form", "inference");
  out.emplace("licence", config.licence);
  out.emplace("source_sha256", options.source_sha256);
  // What an own file says of itself stays true of what is made from it.
  for (const char* key : {"licence", "source_sha256"}) {
    const auto stated = from.metadata().find(key);
    const bool own = from.is_inference_form() || key == std::string_view("licence");
    if (own && stated != from.metadata().end()) out[key] = stated->second;
  }
  return out;
}

}  // namespace

void write_converted(const Checkpoint& from, const std::string& to, const ConvertOptions& options,
                     ThreadPool& pool) {
  LoadOptions load;
  load.arch = options.arch;
  load.list = true;
  const auto model = Model::load(from, load, pool);
  std::vector<Planned> tensors = plan(model->stored_tensors(), options.dtype);
  std::ranges::stable_sort(tensors, {}, place_of);
  std::vector<TensorDeclaration> declarations;
  declarations.reserve(tensors.size());
  for (const auto& [tensor, dtype] : tensors) {
    declarations.push_back({tensor->name, dtype, tensor->shape});
  }
  SafetensorsWriter writer(to, metadata_of(from, model->config(), options),
                           std::move(declarations));
  for (const auto& [tensor, dtype] : tensors) write_tensor(*tensor, dtype, writer);
  writer.finish();
}

}  // namespace mobileclip
