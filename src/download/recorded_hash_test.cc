#include "download/recorded_hash.h"

#include <gtest/gtest.h>

#include <fstream>
#include <nlohmann/json.hpp>

#include "base/error.h"

namespace mobileclip {
namespace {

const std::string kHash(64, 'c');

std::string model_file() { return testing::TempDir() + "/recorded.pt"; }

void write_record(const std::string& text) {
  std::ofstream(testing::TempDir() + "/recorded.licence.json", std::ios::binary) << text;
}

void write_record(const std::string& file, const std::string& sha256) {
  write_record(nlohmann::json({{"file", file}, {"sha256", sha256}})
                   .dump(-1, ' ', false, nlohmann::json::error_handler_t::replace));
}

ErrorCode refusal() {
  try {
    recorded_sha256(model_file());
  } catch (const Error& error) {
    return error.code();
  }
  return ErrorCode::kInternal;
}

TEST(FileRecord, GivesTheHashOfThisFileOnly) {
  write_record("recorded.pt", kHash);
  EXPECT_EQ(recorded_sha256(model_file()), kHash);
  write_record("recorded.pt", std::string(64, 'C'));
  EXPECT_EQ(recorded_sha256(model_file()), kHash);
  write_record("recorded.safetensors", kHash);
  EXPECT_EQ(recorded_sha256(model_file()), "");
  EXPECT_EQ(recorded_sha256(testing::TempDir() + "/no_such_model.pt"), "");
}

TEST(FileRecord, DamagedOnesAreRefused) {
  for (const char* text : {"", "{", "[]", "\"recorded.pt\""}) {
    write_record(text);
    EXPECT_EQ(refusal(), ErrorCode::kDamaged) << text;
  }
  for (const std::string& hash : {std::string(), kHash.substr(1), kHash + "c", std::string(64, 'g'),
                                  std::string(63, 'c') + "g"}) {
    write_record("recorded.pt", hash);
    EXPECT_EQ(refusal(), ErrorCode::kDamaged) << hash;
  }
}

// The only file name that is read from a file: it is compared and never opened, and even so only a
// plain name in the same folder is taken.
TEST(FileRecord, NamesThatLeaveTheFolderAreHostile) {
  const std::string names[] = {"",
                               ".",
                               "..",
                               "/etc/passwd",
                               "/",
                               "../recorded.pt",
                               "./recorded.pt",
                               "sub/recorded.pt",
                               "sub/../recorded.pt",
                               "recorded.pt/",
                               "..\\recorded.pt",
                               "C:\\recorded.pt",
                               "C:recorded.pt",
                               "\\\\server\\share\\recorded.pt",
                               "file:///recorded.pt",
                               "~/recorded.pt",
                               "~root",
                               std::string("recorded.pt\0.txt", 16),
                               "recorded.pt\n",
                               "recorded.pt\x7f",
                               "recorded.pt ",
                               "recorded.pt.",
                               std::string(256, 'r')};
  EXPECT_GE(std::size(names), 20U);
  for (const std::string& name : names) {
    write_record(name, kHash);
    EXPECT_EQ(refusal(), ErrorCode::kHostile) << name;
  }
}

}  // namespace
}  // namespace mobileclip
