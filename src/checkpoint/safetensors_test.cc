#include <gtest/gtest.h>

#include "checkpoint/test_support.h"

namespace mobileclip {
namespace {

using test::safetensors;

const std::string kTensor = R"({"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}})";

TEST(Safetensors, AGoodOneIsAccepted) {
  const Checkpoint checkpoint = test::parse(safetensors(kTensor + "   ", std::string(8, '\0')));
  EXPECT_EQ(checkpoint.format(), "safetensors");
  ASSERT_EQ(checkpoint.tensors().size(), 1u);
  // No elements, whatever the other extents.
  const std::string none =
      R"({"a":{"dtype":"F32","shape":[0,1099511627776,1099511627776],"data_offsets":[0,0]}})";
  EXPECT_EQ(test::parse(safetensors(none, "")).tensors()[0].elements(), 0u);
  const Checkpoint empty = test::parse(safetensors(R"({"__metadata__":{"k":"v"}})", ""));
  EXPECT_EQ(empty.metadata().at("k"), "v");
}

TEST(Safetensors, MalformedHeadersAreRefused) {
  const auto tensor = [](const std::string& body) { return "{\"a\":{" + body + "}}"; };
  const std::string shape = R"("shape":[2],)";
  const std::string offsets = R"("data_offsets":[0,8])";
  const std::string f32 = R"("dtype":"F32",)";
  const std::string headers[] = {
      "[]",
      "{",
      "{}x",
      "null",
      "",
      "{\"a\":1}",
      "{\"a\":[]}",
      "{\"a\":\"x\"}",
      "{\"a\":null}",
      tensor(""),
      tensor(f32 + shape + R"("data_offsets":[0])"),
      tensor(shape + offsets),
      tensor(f32 + offsets),
      tensor(f32 + shape + "\"x\":1"),
      tensor(f32 + f32 + shape + offsets),
      tensor(f32 + shape + shape + offsets),
      tensor(f32 + shape + offsets + "," + offsets),
      tensor(f32 + R"("shape":[-2],)" + offsets),
      tensor(f32 + R"("shape":[2.0],)" + offsets),
      tensor(f32 + R"("shape":["2"],)" + offsets),
      tensor(f32 + R"("shape":[[2]],)" + offsets),
      tensor(f32 + R"("shape":2,)" + offsets),
      tensor(f32 + R"("shape":[3],)" + offsets),
      tensor(f32 + R"("shape":[2,2],)" + offsets),
      tensor(f32 + R"("shape":[],)" + offsets),
      tensor(f32 + R"("shape":[4611686018427387904,8],)" + offsets),
      tensor(f32 + R"("shape":[4194305,4194305,211106198978564],)" + offsets),
      tensor(f32 + R"("shape":[1,1,1,1,1,1,1,1,2],)" + offsets),
      tensor(R"("dtype":"F32 ",)" + shape + offsets),
      tensor(R"("dtype":"C64",)" + shape + offsets),
      tensor(R"("dtype":4,)" + shape + offsets),
      tensor(R"("dtype":"F64",)" + shape + offsets),
      tensor(f32 + shape + R"("data_offsets":[8,0])"),
      tensor(f32 + shape + R"("data_offsets":[0,9])"),
      tensor(f32 + shape + R"("data_offsets":[0,16])"),
      tensor(f32 + shape + R"("data_offsets":[4,12])"),
      tensor(f32 + shape + R"("data_offsets":[0,8,8])"),
      tensor(f32 + shape + R"("data_offsets":[0,18446744073709551615])"),
      R"({"__metadata__":{"k":1}})",
      R"({"__metadata__":{"k":"v","k":"w"}})",
      R"({"__metadata__":{"k":{}}})",
      R"({"a":{"dtype":{"x":{}}}})",
      R"({"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}})",
      R"({"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}})",  // 4 bytes left over
      R"({"a":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}})",  // a hole in front
      R"({"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},"b":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}})",
  };
  for (const std::string& header : headers) {
    const auto error = test::refusal(safetensors(header, std::string(8, '\0')));
    EXPECT_TRUE(error) << header;
  }
}

TEST(Safetensors, LengthsAreBounded) {
  EXPECT_TRUE(test::refusal(test::le(100'000'001, 8) + "{}"));
  EXPECT_TRUE(test::refusal(test::le(uint64_t(-1), 8) + "{}"));
  EXPECT_TRUE(test::refusal(test::le(3, 8) + "{}"));
  const std::string whole = safetensors(kTensor, std::string(8, '\0'));
  for (size_t size = 0; size < whole.size(); ++size) {
    EXPECT_TRUE(test::refusal(whole.substr(0, size))) << size;
  }
  EXPECT_TRUE(test::refusal(whole + "x"));
}

TEST(Safetensors, AHundredMegabytesOfJunkEndSoon) {
  std::string junk = "{";
  junk.resize(100'000'000, ' ');
  EXPECT_TRUE(test::refusal(safetensors(junk, "")));
}

}  // namespace
}  // namespace mobileclip
