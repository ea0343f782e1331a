// Tensors that a file names and stores in another way than the module tree asks for them.
#include <gtest/gtest.h>

#include "checkpoint/scope.h"
#include "checkpoint/test_support.h"

namespace mobileclip {
namespace {

/// "weight" of 2×3 with the elements 1 … 6, and "table" of 2×2 with 1, 2, 3, 4, as bfloat16.
Checkpoint file() {
  std::string data;
  for (const int value : {0x3f80, 0x4000, 0x4040, 0x4080, 0x40a0, 0x40c0}) {
    data += test::le(static_cast<uint64_t>(value), 2);
  }
  for (const int value : {0x3f80, 0x4000, 0x4040, 0x4080}) {
    data += test::le(static_cast<uint64_t>(value), 2);
  }
  return test::parse(
      test::safetensors(R"({"weight":{"dtype":"BF16","shape":[2,3],"data_offsets":[0,12]},)"
                        R"("table":{"dtype":"BF16","shape":[2,2],"data_offsets":[12,20]}})",
                        data));
}

StoredAs dialect(const std::string& name, const Shape& shape) {
  if (name == "head.proj") return {"weight", {shape[1], shape[0]}, true};
  return {"table", {2, 2}};
}

std::vector<float> values(const Weight& weight) {
  std::vector<float> out(weight.entry->elements());
  read_elements(*weight.entry, out.data());
  return out;
}

TEST(StoredAs, IsSeenInTheShapeThatWasAskedFor) {
  const Checkpoint checkpoint = file();
  WeightSource source(checkpoint, "", dialect);
  const Scope scope(source);
  const Weight proj = (scope / "head").weight("proj", {3, 2});
  EXPECT_EQ(proj.name, "head.proj");
  EXPECT_EQ(proj.entry->shape, (Shape{3, 2}));
  EXPECT_EQ(values(proj), (std::vector<float>{1, 4, 2, 5, 3, 6}));
  EXPECT_EQ(read_element(*proj.entry, 1), 4);
  const Weight table = scope.weight("positions", {1, 1, 2, 2});
  EXPECT_EQ(table.entry->shape, (Shape{1, 1, 2, 2}));
  EXPECT_TRUE(table.entry->contiguous());
  EXPECT_EQ(values(table), (std::vector<float>{1, 2, 3, 4}));
  EXPECT_NO_THROW(source.finish("it"));
  EXPECT_EQ(source.fetched()[0].name, "weight");
  EXPECT_EQ(source.fetched()[0].ours, "head.proj");
}

TEST(StoredAs, AnotherShapeIsReportedUnderTheFilesName) {
  const Checkpoint checkpoint = file();
  WeightSource source(checkpoint, "", dialect);
  const Scope scope(source);
  EXPECT_EQ((scope / "head").weight("proj", {2, 3}).entry, nullptr);
  scope.weight("positions", {1, 1, 2, 2});
  try {
    source.finish("it");
    FAIL();
  } catch (const Error& error) {
    EXPECT_NE(error.message().find("weight expected 3x2 found 2x3"), std::string::npos)
        << error.message();
  }
}

TEST(StoredAs, RowsOfInt8KeepTheirOwnScales) {
  const Checkpoint checkpoint = test::parse(test::safetensors(
      R"({"__metadata__":{"format":"mobileclip","format_version":"1"},)"
      R"("weight.scale":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},)"
      R"("weight":{"dtype":"I8","shape":[2,3],"data_offsets":[8,14]}})",
      test::le(0x3f800000, 4) + test::le(0x40000000, 4) + std::string("\1\2\3\4\5\6")));
  WeightSource source(checkpoint, "", dialect);
  const Weight proj = (Scope(source) / "head").weight("proj", {3, 2});
  EXPECT_EQ(values(proj), (std::vector<float>{1, 8, 2, 10, 3, 12}));
}

}  // namespace
}  // namespace mobileclip
