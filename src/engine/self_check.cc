#include "engine/self_check.h"

#include <fmt/format.h>
#include <libdeflate.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <optional>
#include <span>
#include <string_view>

#include "base/error.h"
#include "checkpoint/safetensors_writer.h"
#include "engine/session.h"
#include "engine/synthetic.h"
#include "model/clip.h"

extern "C" {
extern const char mobileclip_asset_self_check_begin[];
extern const char mobileclip_asset_self_check_end[];
}

namespace mobileclip {
namespace {

/// "a photo of a cat" in CLIP's vocabulary, and ids that SigLIP's has too.
constexpr int32_t kTokens[] = {49406, 320, 1125, 539, 320, 2368, 49407};
constexpr int32_t kSigLipTokens[] = {17406, 320, 1125, 539, 320, 2368, 17407};

/// The synthetic checkpoint as a safetensors file in memory.
std::string synthetic_file(const ModelConfig& config) {
  std::vector<TensorDeclaration> declarations = synthetic_declarations(config);
  uint64_t bytes = uint64_t{1} << 20;  // the header
  for (const TensorDeclaration& tensor : declarations) {
    uint64_t count = tensor.dtype == DType::kInt64 ? 2 : 1;
    for (const uint64_t extent : tensor.shape) count *= extent;
    bytes += count * sizeof(float);
  }
  std::string out;
  out.reserve(bytes);
  SafetensorsWriter writer(&out, {}, std::move(declarations));
  write_synthetic_tensors(config, [&](std::span<const std::byte> part) { writer.write(part); });
  writer.finish();
  return out;
}

uint32_t checksum(const std::vector<StoredTensor>& weights) {
  uint32_t crc = 0;
  for (const StoredTensor& tensor : weights) {
    uint64_t count = 1;
    for (const uint64_t extent : tensor.shape) count *= extent;
    const void* data = tensor.floats;
    if (tensor.table != nullptr) data = tensor.table->storage.data();
    crc = libdeflate_crc32(crc, data, count * sizeof(float));
  }
  return crc;
}

/// One row of the asset: variant, kind, values.
std::optional<std::string_view> row_of(std::string_view variant, std::string_view kind) {
  std::string_view rest(
      mobileclip_asset_self_check_begin,
      static_cast<size_t>(mobileclip_asset_self_check_end - mobileclip_asset_self_check_begin));
  const std::string head = fmt::format("{}\t{}\t", variant, kind);
  while (!rest.empty()) {
    const std::string_view line = rest.substr(0, rest.find('\n'));
    rest.remove_prefix(std::min(line.size() + 1, rest.size()));
    if (line.starts_with(head)) return line.substr(head.size());
  }
  return std::nullopt;
}

/// That of the variant, or of another name of the same network.
std::optional<std::string_view> find_row(const ModelConfig& config, std::string_view kind) {
  for (const std::string_view variant : same_networks(config)) {
    if (const auto row = row_of(variant, kind)) return row;
  }
  return std::nullopt;
}

/// Padded as the network's tokenizer pads.
std::vector<int32_t> tokens_of(const ModelConfig& config) {
  const std::span<const int32_t> tokens =
      config.text.sentence_piece ? std::span(kSigLipTokens) : std::span(kTokens);
  std::vector<int32_t> out(tokens.begin(), tokens.end());
  out.resize(static_cast<size_t>(config.text.context), config.text.sentence_piece ? 1 : 0);
  return out;
}

std::vector<double> numbers(std::string_view row) {
  std::vector<double> out;
  const char* at = row.data();
  const char* const end = row.data() + row.size();
  while (at < end) {
    double value = 0;
    const auto [next, error] = std::from_chars(at, end, value);
    if (error != std::errc()) fail(ErrorCode::kInternal, "a stored result is no number");
    out.push_back(value);
    at = next < end ? next + 1 : end;
  }
  return out;
}

double relative_error(const std::vector<float>& ours, const std::vector<double>& stored) {
  if (ours.size() != stored.size()) return HUGE_VAL;
  double difference = 0;
  double norm = 0;
  for (size_t i = 0; i < ours.size(); ++i) {
    const double d = double{ours[i]} - stored[i];
    difference += d * d;
    norm += stored[i] * stored[i];
  }
  return std::sqrt(difference / norm);
}

}  // namespace

bool SelfCheckReport::passed() const {
  // Written so that NaN does not pass.
  return weights_equal && image_error <= kSelfCheckTolerance && text_error <= kSelfCheckTolerance;
}

SelfCheckValues compute_self_check(const ModelConfig& config, ThreadPool& pool,
                                   const Meddle& meddle) {
  const std::string file = synthetic_file(config);
  LoadOptions options;
  options.arch = config.name;
  options.list = true;
  // Lives as long as the model: the list points into its tensors.
  const Checkpoint checkpoint =
      Checkpoint::parse(MappedFile::view(std::as_bytes(std::span(file))), "synthetic weights");
  const auto model = Model::load(checkpoint, options, pool);
  if (meddle) meddle(model->stored_tensors());
  SelfCheckValues out;
  out.weights_crc32 = checksum(model->stored_tensors());
  const auto size = static_cast<size_t>(config.image_size);
  out.image.resize(static_cast<size_t>(config.embed_dim));
  out.text.resize(out.image.size());
  Session session(model, pool);
  session.encode_pixels_chw(synthetic_uniform("input.image.0", 3 * size * size, 0, 1), 1,
                            out.image.data());
  session.encode_tokens(tokens_of(config), 1, out.text.data());
  return out;
}

bool has_self_check(const ModelConfig& config) {
  return find_row(config, "weights_crc32").has_value();
}

SelfCheckReport run_self_check(const ModelConfig& config, ThreadPool& pool, const Meddle& meddle) {
  const auto crc = find_row(config, "weights_crc32");
  const auto image = find_row(config, "image");
  const auto text = find_row(config, "text");
  if (!crc || !image || !text) {
    fail(ErrorCode::kUnsupported, "no results are stored for {}", config.name);
  }
  const SelfCheckValues ours = compute_self_check(config, pool, meddle);
  SelfCheckReport report;
  report.weights_equal = fmt::format("{:08x}", ours.weights_crc32) == *crc;
  report.image_error = relative_error(ours.image, numbers(*image));
  report.text_error = relative_error(ours.text, numbers(*text));
  return report;
}

std::string self_check_rows(const ModelConfig& config, const SelfCheckValues& values) {
  return fmt::format("{0}\tweights_crc32\t{1:08x}\n{0}\timage\t{2:.9g}\n{0}\ttext\t{3:.9g}",
                     config.name, values.weights_crc32, fmt::join(values.image, " "),
                     fmt::join(values.text, " "));
}

}  // namespace mobileclip
