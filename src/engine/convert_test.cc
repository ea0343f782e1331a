#include "engine/convert.h"

#include <gtest/gtest.h>

#include <cstring>
#include <filesystem>
#include <fstream>
#include <map>
#include <utility>

#include "base/error.h"
#include "base/mapped_file.h"
#include "checkpoint/own_format.h"
#include "checkpoint/safetensors_writer.h"
#include "engine/compact.h"
#include "engine/recognise.h"
#include "engine/session.h"
#include "engine/synthetic.h"
#include "kernels/isa.h"
#include "layers/foundry.h"

namespace mobileclip {
namespace {

constexpr size_t kDim = 256;

std::string temporary(const std::string& name) { return testing::TempDir() + "/" + name; }

std::string source() {
  static const std::string path = [] {
    write_synthetic_checkpoint(require_variant("mobileclip_nano"), temporary("convert.pt"));
    return temporary("convert.pt");
  }();
  return path;
}

void convert(const std::string& from, const std::string& to, DType dtype) {
  ThreadPool pool(2);
  ConvertOptions options;
  options.dtype = dtype;
  options.source_sha256 = std::string(64, 'a');
  write_converted(Checkpoint::open(from), to, options, pool);
}

/// The converted synthetic nano, made once per type.
std::string converted(DType dtype) {
  const std::string path = temporary("nano." + std::string(dtype_name(dtype)) + ".safetensors");
  static std::map<DType, bool> made;
  if (!std::exchange(made[dtype], true)) convert(source(), path, dtype);
  return path;
}

/// Raw embeddings of two images and two texts.
std::vector<float> rows(const std::shared_ptr<const Model>& model) {
  ThreadPool pool(2);
  Session session(model, pool);
  const auto size = static_cast<size_t>(model->config().image_size);
  std::vector<float> out(4 * kDim);
  session.encode_pixels_chw(synthetic_uniform("pixels", 2 * 3 * size * size, 0, 1), 2, out.data());
  session.encode_texts(std::vector<std::string>{"a red apple", "grinning face"},
                       out.data() + 2 * kDim);
  return out;
}

std::vector<float> rows(const std::string& path) {
  ThreadPool pool(2);
  return rows(Model::load(path, {}, pool));
}

TEST(Convert, Float32GivesTheSameBitsOnEveryInstructionSet) {
  const std::string original(kernels::isa_name());
  const std::string path = converted(DType::kFloat32);
  for (const std::string_view isa : kernels::available_isas()) {
    kernels::force_isa(isa);
    const std::vector<float> expected = rows(source()), ours = rows(path);
    EXPECT_EQ(std::memcmp(ours.data(), expected.data(), ours.size() * sizeof(float)), 0) << isa;
  }
  kernels::force_isa(original);
}

TEST(Convert, NarrowFormsAreSmallAndClose) {
  std::vector<float> expected = rows(source());
  normalize_rows(expected.data(), 4, kDim);
  const auto wide = std::filesystem::file_size(converted(DType::kFloat32));
  for (const DType dtype : {DType::kFloat16, DType::kBFloat16}) {
    const auto limit = wide * (dtype == DType::kFloat16 ? 6 : 7) / 10;
    EXPECT_LT(std::filesystem::file_size(converted(dtype)), limit);
    std::vector<float> ours = rows(converted(dtype));
    EXPECT_NE(ours, expected);
    constexpr double kLeast = 0.99999;  // docs/format.md
    normalize_rows(ours.data(), 4, kDim);
    for (size_t row = 0; row < 4; ++row) {
      EXPECT_GE(cosine({&ours[row * kDim], kDim}, {&expected[row * kDim], kDim}), kLeast)
          << dtype_name(dtype) << " row " << row;
    }
  }
}

TEST(Convert, OfABfloat16FileTheLargestMatricesAreRounded) {
  uint64_t largest_exact = 0, least_rounded = UINT64_MAX;
  const Checkpoint file = Checkpoint::open(converted(DType::kBFloat16));
  for (const TensorEntry& tensor : file.tensors()) {
    const bool matrix = tensor.name.ends_with(".weight") && tensor.shape.size() >= 2;
    if (tensor.dtype == DType::kBFloat16) {
      least_rounded = std::min(least_rounded, tensor.elements());
    } else if (matrix) {
      largest_exact = std::max(largest_exact, tensor.elements());
    }
  }
  EXPECT_GT(largest_exact, 0U);
  EXPECT_LE(largest_exact, least_rounded);
}

TEST(Convert, WeightsAreUsedWhereTheyLie) {
  ThreadPool pool(2);
  const Checkpoint file = Checkpoint::open(converted(DType::kFloat32));
  LoadOptions options;
  options.list = true;
  const auto model = Model::load(file, options, pool);
  const std::byte* begin = file.file().bytes().data();
  const std::byte* end = begin + file.file().bytes().size();
  size_t there = 0;
  for (const StoredTensor& tensor : model->stored_tensors()) {
    if (tensor.table != nullptr) continue;
    const auto* data = reinterpret_cast<const std::byte*>(tensor.floats);
    there += data >= begin && data < end ? 1 : 0;
  }
  // Small tensors of an odd size behind the others may be copied; no matrix is.
  EXPECT_GT(there, model->stored_tensors().size() * 9 / 10);
}

TEST(Convert, TellsWhatItIs) {
  const Checkpoint file = Checkpoint::open(converted(DType::kFloat16));
  EXPECT_TRUE(file.is_inference_form());
  EXPECT_EQ(file.metadata().at("variant"), "mobileclip_nano");
  EXPECT_EQ(file.metadata().at("format_version"), "2");
  EXPECT_EQ(file.metadata().at("image_size"), "64");
  EXPECT_EQ(file.metadata().at("interpolation"), "bicubic");
  EXPECT_EQ(file.metadata().at("source_sha256"), std::string(64, 'a'));
  EXPECT_FALSE(file.metadata().at("licence").empty());
  EXPECT_EQ(recognise(file).config->name, "mobileclip_nano");
  EXPECT_THROW(recognise(file, "mobileclip_s0"), Error);
}

TEST(Convert, OfAConvertedFileGivesTheSameBytes) {
  convert(converted(DType::kFloat32), temporary("again.safetensors"), DType::kFloat32);
  const auto bytes = [](const std::string& path) { return read_file(path, size_t{1} << 30); };
  EXPECT_EQ(bytes(temporary("again.safetensors")), bytes(converted(DType::kFloat32)));
  convert(converted(DType::kFloat32), temporary("half.safetensors"), DType::kFloat16);
  EXPECT_EQ(bytes(temporary("half.safetensors")), bytes(converted(DType::kFloat16)));
  ThreadPool pool(1);
  EXPECT_THROW(write_compact(Checkpoint::open(converted(DType::kFloat32)),
                             temporary("no.safetensors"), "MIT", pool),
               Error);
  EXPECT_FALSE(std::filesystem::exists(temporary("no.safetensors")));
}

TEST(Convert, OneTowerAloneIsTheSameTower) {
  ThreadPool pool(2);
  LoadOptions options;
  options.towers = Towers::kText;
  Session session(Model::load(converted(DType::kFloat16), options, pool), pool);
  std::vector<float> out(2 * kDim);
  session.encode_texts(std::vector<std::string>{"a red apple", "grinning face"}, out.data());
  const std::vector<float> both = rows(converted(DType::kFloat16));
  EXPECT_EQ(std::memcmp(out.data(), &both[2 * kDim], out.size() * sizeof(float)), 0);
}

/// The converted file written again with other metadata or tensors, its checksums right.
class Rewritten {
 public:
  Rewritten() : from_(Checkpoint::open(converted(DType::kFloat32))), metadata(from_.metadata()) {
    metadata.erase("header_crc32");
    metadata.erase("block_crc32");
    for (const TensorEntry& tensor : from_.tensors()) {
      declarations.push_back({tensor.name, tensor.dtype, tensor.shape});
      data.emplace_back(reinterpret_cast<const char*>(tensor.storage.data()),
                        tensor.storage.size());
    }
  }

 private:
  Checkpoint from_;

 public:
  std::map<std::string, std::string> metadata;
  std::vector<TensorDeclaration> declarations;
  std::vector<std::string> data;

  /// The error that loading gives.
  ErrorCode refusal(std::string* sentence = nullptr) const {
    const std::string path = temporary("rewritten.safetensors");
    SafetensorsWriter writer(path, metadata, declarations);
    for (const std::string& tensor : data) writer.write(std::as_bytes(std::span(tensor)));
    writer.finish();
    ThreadPool pool(1);
    try {
      Model::load(path, {}, pool);
    } catch (const Error& error) {
      if (sentence != nullptr) *sentence = error.message();
      return error.code();
    }
    ADD_FAILURE() << "loaded";
    return ErrorCode::kInternal;
  }
};

TEST(Convert, FilesThatAreNotWhatTheySayAreRefused) {
  std::string sentence;
  Rewritten other;
  other.metadata["variant"] = "mobileclip_nano_teacher";
  EXPECT_EQ(other.refusal(), ErrorCode::kWrongModel);
  Rewritten unknown;
  unknown.metadata["variant"] = "mobileclip_9";
  EXPECT_EQ(unknown.refusal(&sentence), ErrorCode::kUnsupported);
  EXPECT_NE(sentence.find("mobileclip_9"), std::string::npos);
  Rewritten contract;
  contract.metadata["image_size"] = "48";
  EXPECT_EQ(contract.refusal(&sentence), ErrorCode::kWrongModel);
  EXPECT_NE(sentence.find("image_size is \"48\", but mobileclip_nano has \"64\""),
            std::string::npos)
      << sentence;
  Rewritten missing;
  missing.declarations.pop_back();
  missing.data.pop_back();
  EXPECT_EQ(missing.refusal(&sentence), ErrorCode::kDamaged);
  EXPECT_NE(sentence.find("1 missing"), std::string::npos) << sentence;
  Rewritten more;
  more.declarations.push_back({"extra", DType::kFloat32, {1}});
  more.data.emplace_back(4, '\0');
  EXPECT_EQ(more.refusal(&sentence), ErrorCode::kDamaged);
  EXPECT_NE(sentence.find("1 unexpected"), std::string::npos) << sentence;
  Rewritten shape;
  shape.declarations[0].shape = {shape.data[0].size() / 4};
  EXPECT_EQ(shape.refusal(), ErrorCode::kDamaged);
  Rewritten integers;
  integers.declarations[0].dtype = DType::kInt32;
  EXPECT_EQ(integers.refusal(), ErrorCode::kDamaged);
  Rewritten nan;
  nan.data[0].replace(400, 4, std::string("\x00\x00\xc0\x7f", 4));
  EXPECT_EQ(nan.refusal(&sentence), ErrorCode::kDamaged);
  EXPECT_NE(sentence.find("finite"), std::string::npos) << sentence;
}

}  // namespace
}  // namespace mobileclip
