#include "engine/compact.h"

#include <algorithm>
#include <cmath>

#include "base/error.h"
#include "checkpoint/narrow.h"
#include "checkpoint/safetensors_writer.h"
#include "engine/file_metadata.h"
#include "engine/model.h"
#include "engine/recognise.h"
#include "model/clip.h"

namespace mobileclip {
namespace {

constexpr uint64_t kSmall = 4096;   // elements: below, float32 costs little
constexpr uint64_t kShortRow = 32;  // elements: below, one scale a row is not worth it

/// A tensor as it will lie in the file.
struct Stored {
  TensorDeclaration declaration;
  std::string bytes;
};

template <typename T>
std::string bytes_of(const std::vector<T>& values) {
  return {reinterpret_cast<const char*>(values.data()), values.size() * sizeof(T)};
}

void add_int8_rows(const TensorSpec& spec, const std::vector<float>& values,
                   std::vector<Stored>& out) {
  const size_t rows = spec.shape[0], width = values.size() / rows;
  std::vector<float> scales(rows);
  std::vector<int8_t> codes(values.size());
  for (size_t r = 0; r < rows; ++r) {
    const float* row = values.data() + r * width;
    float peak = 0;
    for (size_t i = 0; i < width; ++i) peak = std::max(peak, std::abs(row[i]));
    scales[r] = peak / 127;
    for (size_t i = 0; i < width && peak > 0; ++i) {
      codes[r * width + i] = static_cast<int8_t>(std::nearbyint(row[i] / scales[r]));
    }
  }
  out.push_back({{spec.name + ".scale", DType::kFloat32, {rows}}, bytes_of(scales)});
  out.push_back({{spec.name, DType::kInt8, spec.shape}, bytes_of(codes)});
}

void add_floats(const TensorSpec& spec, const std::vector<float>& values,
                std::vector<Stored>& out) {
  if (values.size() < kSmall) {
    out.push_back({{spec.name, DType::kFloat32, spec.shape}, bytes_of(values)});
    return;
  }
  out.push_back({{spec.name, DType::kFloat16, spec.shape},
                 bytes_of(narrow(values, DType::kFloat16, spec.name))});
}

}  // namespace

void write_compact(const Checkpoint& checkpoint, const std::string& to, const std::string& licence,
                   ThreadPool& pool) {
  if (checkpoint.is_inference_form()) {
    fail(ErrorCode::kUnsupported,
         "{} is folded already: the compact form is made from a training-form checkpoint",
         quote(checkpoint.name()));
  }
  const Recognised found = recognise(checkpoint);
  Model::load(checkpoint, {}, pool);  // every check that loading makes
  std::vector<Stored> stored;
  for (const TensorSpec& spec : expected_tensors(*found.config)) {
    const TensorEntry& entry = *checkpoint.find(found.prefix + spec.name);
    if (spec.integer) {
      stored.push_back({{spec.name, DType::kInt64, spec.shape},
                        bytes_of(std::vector<int64_t>{read_integer(entry, 0)})});
      continue;
    }
    std::vector<float> values(entry.elements());
    read_elements(entry, values.data());
    if (values.size() >= kSmall && spec.shape.size() >= 2 &&
        values.size() / spec.shape[0] >= kShortRow) {
      add_int8_rows(spec, values, stored);
    } else {
      add_floats(spec, values, stored);
    }
  }
  std::ranges::stable_sort(stored, std::greater(),
                           [](const Stored& one) { return dtype_size(one.declaration.dtype); });
  std::vector<TensorDeclaration> declarations;
  declarations.reserve(stored.size());
  for (const Stored& one : stored) declarations.push_back(one.declaration);
  std::map<std::string, std::string> metadata = describe(*found.config);
  metadata.emplace("format_version", "1");
  metadata.emplace("licence", licence.empty() ? std::string(found.config->licence) : licence);
  SafetensorsWriter writer(to, std::move(metadata), std::move(declarations));
  for (const Stored& one : stored) writer.write(std::as_bytes(std::span(one.bytes)));
  writer.finish();
}

}  // namespace mobileclip
