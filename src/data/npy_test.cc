#include "data/npy.h"

#include <gtest/gtest.h>

#include "base/error.h"

namespace mobileclip {
namespace {

std::string npy(const std::string& dictionary, const std::string& data) {
  std::string header = dictionary;
  header.append(64 - (10 + header.size() + 1) % 64, ' ');
  header += '\n';
  std::string out("\x93NUMPY\x01\x00", 8);
  out += static_cast<char>(header.size() & 0xFF);
  out += static_cast<char>(header.size() >> 8);
  return out + header + data;
}

std::string vector_of(const std::string& type, const std::string& shape, const std::string& data) {
  return npy("{'descr': '" + type + "', 'fortran_order': False, 'shape': " + shape + ", }", data);
}

TEST(Npy, IntegersOfAllWidths) {
  const std::string wide("\x05\0\0\0\0\0\0\0\xfe\xff\xff\xff\xff\xff\xff\xff", 16);
  EXPECT_EQ(read_npy_integers(vector_of("<i8", "(2,)", wide), "x"), (std::vector<int64_t>{5, -2}));
  EXPECT_EQ(read_npy_integers(vector_of("<i4", "(1,)", std::string("\xff\xff\xff\xff", 4)), "x"),
            (std::vector<int64_t>{-1}));
  EXPECT_EQ(read_npy_integers(vector_of("|u1", "(1,)", "\xff"), "x"), (std::vector<int64_t>{255}));
  EXPECT_EQ(read_npy_integers(vector_of("|i1", "()", "\x80"), "x"), (std::vector<int64_t>{-128}));
  EXPECT_TRUE(read_npy_integers(vector_of("<i8", "(0,)", ""), "x").empty());
}

TEST(Npy, RefusesWhatIsNoVectorOfIntegers) {
  const auto code = [](const std::string& bytes) {
    try {
      read_npy_integers(bytes, "x");
    } catch (const Error& error) {
      return error.code();
    }
    return ErrorCode::kInternal;
  };
  EXPECT_EQ(code(""), ErrorCode::kDamaged);
  EXPECT_EQ(code("no numpy array"), ErrorCode::kDamaged);
  EXPECT_EQ(code(vector_of("<f8", "(1,)", std::string(8, '\0'))), ErrorCode::kDamaged);
  EXPECT_EQ(code(vector_of(">i8", "(1,)", std::string(8, '\0'))), ErrorCode::kDamaged);
  EXPECT_EQ(code(vector_of("<i8", "(1, 1)", std::string(8, '\0'))), ErrorCode::kDamaged);
  EXPECT_EQ(code(vector_of("<i8", "(2,)", std::string(8, '\0'))), ErrorCode::kDamaged);
  EXPECT_EQ(code(vector_of("<i8", "(1,)", std::string(9, '\0'))), ErrorCode::kDamaged);
  EXPECT_EQ(code(vector_of("<i8", "(99999999999999999999,)", "")), ErrorCode::kTooLarge);
  EXPECT_EQ(code(npy("{'descr': '<i8'}", "")), ErrorCode::kDamaged);
}

TEST(Npy, EveryTruncationIsAnError) {
  const std::string whole = vector_of("<i8", "(1,)", std::string(8, '\1'));
  for (size_t size = 0; size < whole.size(); ++size) {
    EXPECT_THROW(read_npy_integers(whole.substr(0, size), "x"), Error) << size;
  }
}

}  // namespace
}  // namespace mobileclip
