// A gzipped torch.save dictionary of bfloat16 tensors.
#include <bit>
#include <cmath>

#include "base/error.h"
#include "base/mapped_file.h"
#include "checkpoint/checkpoint.h"
#include "checkpoint/torch_writer.h"
#include "data/deflate.h"
#include "data/embeddings.h"

namespace mobileclip {
namespace {

constexpr size_t kMaxBytes = size_t{256} << 20;

uint16_t to_bfloat16(float value) {
  const auto bits = std::bit_cast<uint32_t>(value);
  if (std::isnan(value)) return static_cast<uint16_t>(bits >> 16 | 0x40);
  return static_cast<uint16_t>((bits + 0x7FFF + (bits >> 16 & 1)) >> 16);
}

}  // namespace

NamedMatrices read_pth_gz(const std::string& bytes, const std::string& what) {
  const std::string unpacked = gunzip(bytes, kMaxBytes, what);
  const auto raw = std::as_bytes(std::span(unpacked));
  const Checkpoint checkpoint =
      Checkpoint::parse(MappedFile::from_bytes({raw.begin(), raw.end()}), what);
  NamedMatrices out;
  for (const TensorEntry& entry : checkpoint.tensors()) {
    if (entry.shape.empty() || entry.shape.size() > 2 || !is_floating(entry.dtype)) {
      fail(ErrorCode::kDamaged, "{}: {} is no matrix of floats", what, quote(entry.name));
    }
    Matrix matrix{entry.shape.size() == 2 ? entry.shape[0] : 1, entry.shape.back(), {}};
    if (entry.elements() > kMaxBytes / 4) {
      fail(ErrorCode::kTooLarge, "{}: {} is too large", what, quote(entry.name));
    }
    matrix.values.resize(entry.elements());
    read_elements(entry, matrix.values.data());
    out[entry.name] = std::move(matrix);
  }
  return out;
}

std::string write_pth_gz(const NamedMatrices& matrices) {
  std::vector<TensorDeclaration> declarations;
  for (const auto& [name, matrix] : matrices) {
    declarations.push_back({name, DType::kBFloat16, {matrix.rows, matrix.cols}});
  }
  std::string file;
  TorchWriter writer(&file, std::move(declarations));
  for (const auto& [name, matrix] : matrices) {
    std::vector<uint16_t> values;
    values.reserve(matrix.values.size());
    for (const float value : matrix.values) values.push_back(to_bfloat16(value));
    writer.write(std::as_bytes(std::span(values)));
  }
  writer.finish();
  return gzip(file);
}

}  // namespace mobileclip
