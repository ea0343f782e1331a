#include "checkpoint/checkpoint.h"

#include <gtest/gtest.h>

#include <cmath>
#include <filesystem>
#include <limits>

#include "checkpoint/prefixes.h"
#include "checkpoint/scope.h"
#include "checkpoint/test_support.h"
#include "checkpoint/torch_writer.h"

namespace mobileclip {
namespace {

std::string temporary(const std::string& name) {
  return (std::filesystem::path(testing::TempDir()) / name).string();
}

std::span<const std::byte> bytes_of(const std::vector<float>& values) {
  return std::as_bytes(std::span(values));
}

/// A file of float tensors, each filled with 1, 2, 3, …
std::string write_file(const std::vector<TensorDeclaration>& tensors) {
  const std::string path = temporary("written.pt");
  TorchWriter writer(path, tensors);
  for (const TensorDeclaration& tensor : tensors) {
    uint64_t count = 1;
    for (const uint64_t extent : tensor.shape) count *= extent;
    if (tensor.dtype == DType::kInt64) {
      const int64_t zero = 0;
      writer.write(std::as_bytes(std::span(&zero, 1)));
      continue;
    }
    std::vector<float> values(count);
    for (size_t i = 0; i < count; ++i) values[i] = static_cast<float>(i + 1);
    writer.write(bytes_of(values));
  }
  writer.finish();
  return path;
}

TEST(Checkpoint, DetectionNamesWhatAFileIsInstead) {
  const std::pair<std::string, std::string> files[] = {
      {"", "empty"},
      {"\n<!DOCTYPE html><html>", "web page"},
      {"<html>", "web page"},
      {"version https://git-lfs.github.com/spec/v1\n", "Git LFS"},
      {"\x89PNG\r\n\x1a\n....", "PNG"},
      {"\xff\xd8\xff\xe0", "JPEG"},
      {"PYTORCH1....", "preview"},
      {"GGUF....", "GGUF"},
      {"\x1f\x8b\x08", "gzip"},
      {std::string(257, 'x') + "ustar", "tar"},
      {"hello world, this is text", "neither"},
      {"PK", "truncated"},
  };
  for (const auto& [bytes, part] : files) {
    const auto error = test::refusal(bytes);
    ASSERT_TRUE(error) << part;
    EXPECT_NE(error->message().find(part), std::string::npos) << error->message();
  }
}

TEST(Checkpoint, MappedAndInMemoryAreTheSame) {
  const std::string path = MOBILECLIP_TEST_DATA "/checkpoint/plain_zip.pt";
  const Checkpoint mapped = Checkpoint::open(path);
  const Checkpoint memory = test::parse(test::read_fixture("plain_zip.pt"));
  ASSERT_EQ(mapped.tensors().size(), memory.tensors().size());
  for (size_t i = 0; i < mapped.tensors().size(); ++i) {
    const TensorEntry& a = mapped.tensors()[i];
    const TensorEntry& b = memory.tensors()[i];
    EXPECT_EQ(a.name, b.name);
    EXPECT_EQ(a.shape, b.shape);
    for (uint64_t e = 0; e < a.elements(); ++e) EXPECT_EQ(read_element(a, e), read_element(b, e));
  }
  EXPECT_THROW(Checkpoint::open("/no/such/file.pt"), Error);
}

TEST(Checkpoint, WrittenFilesReadBack) {
  const std::string path = write_file({{"a.weight", DType::kFloat32, {2, 3}},
                                       {"n", DType::kInt64, {}},
                                       {"s", DType::kFloat32, {}}});
  const Checkpoint checkpoint = Checkpoint::open(path);
  ThreadPool pool(2);
  checkpoint.verify(pool);
  EXPECT_EQ(checkpoint.format(), "pytorch-zip");
  const TensorEntry* weight = checkpoint.find("a.weight");
  ASSERT_NE(weight, nullptr);
  EXPECT_EQ(weight->shape, (Shape{2, 3}));
  std::vector<float> values(6);
  read_elements(*weight, values.data());
  EXPECT_EQ(values, (std::vector<float>{1, 2, 3, 4, 5, 6}));
  EXPECT_NE(mapped_floats(*weight), nullptr);
  EXPECT_EQ(read_integer(*checkpoint.find("n"), 0), 0);
  EXPECT_EQ(checkpoint.find("s")->elements(), 1u);
}

TEST(Checkpoint, WriterRefusesWhatWasNotDeclared) {
  TorchWriter writer(temporary("refused.pt"), {{"a", DType::kFloat32, {2}}});
  EXPECT_THROW(writer.finish(), Error);
  EXPECT_THROW(writer.write(bytes_of({1.0f})), Error);
  writer.write(bytes_of({1.0f, 2.0f}));
  EXPECT_THROW(writer.write(bytes_of({1.0f})), Error);
}

TEST(Checkpoint, NonFiniteIsFoundInEveryType) {
  TensorEntry entry;
  entry.shape = {5};
  entry.strides = {1};
  const auto check = [&](DType dtype, const std::vector<uint64_t>& bits, uint64_t expected) {
    std::string bytes;
    for (const uint64_t value : bits) bytes += test::le(value, dtype_size(dtype));
    entry.dtype = dtype;
    entry.storage = std::as_bytes(std::span(bytes.data(), bytes.size()));
    EXPECT_EQ(first_non_finite(entry), expected) << dtype_name(dtype);
  };
  check(DType::kFloat32, {0, 0x7F7FFFFF, 0x7F800000, 0, 0}, 2);
  check(DType::kFloat32, {0, 0, 0, 0, 0xFFC00000}, 4);
  check(DType::kFloat32, {0, 0x7F7FFFFF, 1, 0, 0}, 5);
  check(DType::kFloat16, {0, 0x7BFF, 0x7C00, 0, 0}, 2);
  check(DType::kBFloat16, {0x7F7F, 0x7F80, 0, 0, 0}, 1);
  check(DType::kFloat64, {0, 0, 0, 0x7FF0000000000000, 0}, 3);
  check(DType::kInt64, {uint64_t(-1), 0, 0, 0, 0}, 5);
}

TEST(Scope, RecordsReadsAndReportsAllAtOnce) {
  const auto read = [](const Scope& scope) {
    (scope / "a").weight("weight", {2, 3});
    (scope / "b" / 0).weight("weight", {4});
    (scope / "b" / 0).counter("count");
  };
  WeightSource recorder;
  read(Scope(recorder));
  ASSERT_EQ(recorder.fetched().size(), 3u);
  EXPECT_EQ(recorder.fetched()[1].name, "b.0.weight");

  const Checkpoint good = Checkpoint::open(write_file({{"x.a.weight", DType::kFloat32, {2, 3}},
                                                       {"x.b.0.weight", DType::kFloat32, {4}},
                                                       {"x.b.0.count", DType::kInt64, {}}}));
  WeightSource fits(good, "x.");
  read(Scope(fits));
  EXPECT_NO_THROW(fits.finish("it"));
  EXPECT_TRUE(compare(good, "x.", recorder.fetched()).empty());

  const Checkpoint bad = Checkpoint::open(write_file({{"a.weight", DType::kFloat32, {3, 2}},
                                                      {"b.0.count", DType::kFloat32, {}},
                                                      {"c", DType::kFloat32, {1}}}));
  WeightSource differs(bad, "");
  read(Scope(differs));
  try {
    differs.finish("it");
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::kWrongModel);
    for (const char* part : {"1 missing (b.0.weight)", "1 unexpected (c)",
                             "a.weight expected 2x3 found 3x2", "b.0.count"}) {
      EXPECT_NE(error.message().find(part), std::string::npos) << error.message();
    }
  }
}

TEST(Prefixes, AreStrippedOnlyWhenAllNamesCarryThem) {
  const auto prefixes = [](const std::vector<std::string>& names) {
    std::vector<TensorDeclaration> tensors;
    for (const std::string& name : names) tensors.push_back({name, DType::kFloat32, {1}});
    return candidate_prefixes(Checkpoint::open(write_file(tensors)));
  };
  using Names = std::vector<std::string>;
  EXPECT_EQ(prefixes({"a", "b"}), Names{""});
  EXPECT_EQ(prefixes({"module.a", "module.b"}), Names{"module."});
  EXPECT_EQ(prefixes({"module.a", "b"}), Names{""});
  EXPECT_EQ(prefixes({"state_dict.module._orig_mod.a", "optimizer.x"}),
            (Names{"", "state_dict.module._orig_mod."}));
}

}  // namespace
}  // namespace mobileclip
