#include "engine/compact.h"

#include <algorithm>
#include <cmath>

#include "base/error.h"
#include "base/thread_pool.h"
#include "checkpoint/safetensors_writer.h"
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

/// Round to nearest even; kInvalidArgument beyond the largest half.
uint16_t to_half(float value, const std::string& name) {
  const auto magnitude = std::abs(value);
  if (magnitude >= 65520.0F) {
    fail(ErrorCode::kInvalidArgument, "tensor {} holds {}, too large for float16", quote(name),
         value);
  }
  const uint16_t sign = std::signbit(value) ? 0x8000 : 0;
  if (magnitude == 0) return sign;
  int exponent = 0;
  std::frexp(magnitude, &exponent);
  // The spacing of halves at this magnitude; subnormal ones share that of the smallest normal.
  const int step = std::max(exponent - 11, -24);
  const auto units = static_cast<uint32_t>(std::nearbyint(std::ldexp(magnitude, -step)));
  const uint32_t biased = static_cast<uint32_t>(step + 24);
  return static_cast<uint16_t>(sign | (biased * 1024 + units));
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
  std::vector<uint16_t> halves;
  halves.reserve(values.size());
  for (const float value : values) halves.push_back(to_half(value, spec.name));
  out.push_back({{spec.name, DType::kFloat16, spec.shape}, bytes_of(halves)});
}

std::map<std::string, std::string> metadata_of(const ModelConfig& config,
                                               const std::string& licence) {
  return {{"format", "mobileclip"},
          {"format_version", "1"},
          {"variant", std::string(config.name)},
          {"licence", licence},
          {"image_size", std::to_string(config.image_size)},
          {"interpolation",
           config.interpolation == InterpolationKind::kBicubic ? "bicubic" : "bilinear"},
          {"mean", fmt::format("{} {} {}", config.mean[0], config.mean[1], config.mean[2])},
          {"std", fmt::format("{} {} {}", config.std[0], config.std[1], config.std[2])},
          {"context", std::to_string(config.text.context)}};
}

}  // namespace

void write_compact(const std::string& from, const std::string& to, const std::string& licence) {
  ThreadPool pool(1);
  const Checkpoint checkpoint = Checkpoint::open(from);
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
  SafetensorsWriter writer(to, metadata_of(*found.config, licence), std::move(declarations));
  for (const Stored& one : stored) writer.write(std::as_bytes(std::span(one.bytes)));
  writer.finish();
}

}  // namespace mobileclip
