#include "download/recorded_hash.h"

#include <gtest/gtest.h>

#include <fstream>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/test_support.h"

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

// It is compared and never opened, and even so only a plain name in the same folder is taken.
TEST(FileRecord, NamesThatLeaveTheFolderAreHostile) {
  for (const std::string& name : names_that_leave_the_folder()) {
    write_record(name, kHash);
    EXPECT_EQ(refusal(), ErrorCode::kHostile) << name;
  }
}

}  // namespace
}  // namespace mobileclip
