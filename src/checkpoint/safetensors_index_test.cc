#include <gtest/gtest.h>

#include <filesystem>
#include <nlohmann/json.hpp>

#include "base/test_support.h"
#include "checkpoint/test_support.h"

namespace mobileclip {
namespace {

namespace fs = std::filesystem;

/// A safetensors file of one float32 tensor of two elements.
std::string one(const std::string& name) {
  const std::string header =
      "{\"" + name + "\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]}}";
  return test::safetensors(header, test::le(0x3f800000, 4) + test::le(0x40000000, 4));
}

class Index : public testing::Test {
 protected:
  void SetUp() override {
    folder_ = testing::TempDir() + "/index";
    fs::remove_all(folder_);
    fs::create_directories(folder_);
    write("x-1.safetensors", one("a"));
    write("x-2.safetensors", one("b"));
  }
  void write(const std::string& name, const std::string& bytes) const {
    std::ofstream(folder_ + "/" + name, std::ios::binary) << bytes;
  }
  Checkpoint open(const std::string& map) const {
    write("model.safetensors.index.json", R"({"metadata":{},"weight_map":)" + map + "}");
    return Checkpoint::open(folder_ + "/model.safetensors.index.json");
  }
  std::optional<Error> refusal(const std::string& map) const {
    try {
      open(map);
      return std::nullopt;
    } catch (const Error& error) {
      return error;
    }
  }
  std::string folder_;
};

TEST_F(Index, IsAllTheTensorsOfItsFiles) {
  const Checkpoint checkpoint = open(R"({"a":"x-1.safetensors","b":"x-2.safetensors"})");
  EXPECT_EQ(checkpoint.format(), "safetensors-index");
  ASSERT_EQ(checkpoint.tensors().size(), 2u);
  EXPECT_NE(checkpoint.tensors()[0].storage_index, checkpoint.tensors()[1].storage_index);
  for (const char* name : {"a", "b"}) {
    ASSERT_NE(checkpoint.find(name), nullptr);
    EXPECT_EQ(read_element(*checkpoint.find(name), 1), 2.0);
  }
  ThreadPool pool(1);
  checkpoint.verify(pool);
}

TEST_F(Index, MustFitItsFiles) {
  const auto code = [&](const char* map) { return refusal(map)->code(); };
  EXPECT_EQ(code(R"({"a":"x-1.safetensors","c":"x-2.safetensors"})"), ErrorCode::kDamaged);
  EXPECT_EQ(code(R"({"a":"x-1.safetensors","b":"x-3.safetensors"})"), ErrorCode::kNotFound);
  write("x-3.safetensors", one("a"));
  EXPECT_EQ(code(R"({"a":"x-1.safetensors","b":"x-3.safetensors"})"), ErrorCode::kDamaged);
  write("x-4.safetensors",
        test::safetensors(R"({"b":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},)"
                          R"("c":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}})",
                          std::string(8, '\0')));
  EXPECT_EQ(code(R"({"a":"x-1.safetensors","b":"x-4.safetensors"})"), ErrorCode::kDamaged);
  EXPECT_EQ(code("{}"), ErrorCode::kNotCheckpoint);
  EXPECT_EQ(code("3"), ErrorCode::kNotCheckpoint);
}

TEST_F(Index, NeverLeavesItsFolder) {
  for (const std::string& name : names_that_leave_the_folder()) {
    const auto error = refusal(nlohmann::json{{"a", name}}.dump());
    ASSERT_TRUE(error.has_value()) << name;
    EXPECT_EQ(error->code(), ErrorCode::kHostile) << name;
  }
  EXPECT_EQ(refusal(R"({"a":3})")->code(), ErrorCode::kHostile);
}

TEST_F(Index, FollowsLinksOnlyInsideItsFolderAndTheHubsCache) {
  const std::string map = R"({"a":"x-1.safetensors","b":"link.safetensors"})";
  const std::string link = folder_ + "/link.safetensors", outside = folder_ + "-outside";
  const auto link_to = [&](const std::string& target) {
    fs::remove(link);
    fs::create_symlink(target, link);
  };
  link_to("x-2.safetensors");
  EXPECT_FALSE(refusal(map));
  fs::remove_all(outside);
  fs::create_directories(outside + "/blobs");
  for (const char* name : {"/b.safetensors", "/blobs/b"}) {
    std::ofstream(outside + name, std::ios::binary) << one("b");
    for (const std::string& target : {outside + name, "../index-outside" + std::string(name)}) {
      link_to(target);
      const auto error = refusal(map);
      ASSERT_TRUE(error.has_value()) << target;
      EXPECT_EQ(error->code(), ErrorCode::kHostile) << target;
      EXPECT_NE(error->message().find("link.safetensors"), std::string::npos);
    }
  }
  link_to("no-such-file");
  EXPECT_EQ(refusal(map)->code(), ErrorCode::kNotFound);

  const std::string snapshot = outside + "/snapshots/11";
  fs::create_directories(snapshot);
  std::ofstream(snapshot + "/model.safetensors.index.json") << R"({"weight_map":{"b":"b"}})";
  fs::create_symlink("../../blobs/b", snapshot + "/b");
  EXPECT_NO_THROW(Checkpoint::open(snapshot + "/model.safetensors.index.json"));
  fs::remove(snapshot + "/b");
  fs::create_symlink("../../b.safetensors", snapshot + "/b");
  EXPECT_THROW(Checkpoint::open(snapshot + "/model.safetensors.index.json"), Error);
}

TEST_F(Index, BytesAloneAreNoIndex) {
  EXPECT_EQ(test::refusal(R"({"weight_map":{"a":"x-1.safetensors"}})")->code(),
            ErrorCode::kNotCheckpoint);
}

TEST_F(Index, AFolderMeansItsWeights) {
  const auto message = [&](const std::string& folder) -> std::string {
    try {
      return Checkpoint::open(folder).name();
    } catch (const Error& error) {
      return error.message();
    }
  };
  EXPECT_NE(message(folder_).find("2 files of weights"), std::string::npos);
  open(R"({"a":"x-1.safetensors","b":"x-2.safetensors"})");
  EXPECT_EQ(message(folder_), folder_ + "/model.safetensors.index.json");
  write("open_clip_model.safetensors", one("c"));
  EXPECT_EQ(message(folder_ + "/"), folder_ + "//open_clip_model.safetensors");
  const std::string cache = folder_ + "/models--a--b";
  for (const char* revision : {"11", "22"}) {
    fs::create_directories(cache + "/snapshots/" + revision);
    write(std::string("models--a--b/snapshots/") + revision + "/some.pt", one("a"));
  }
  EXPECT_NE(message(cache).find("2 snapshots"), std::string::npos);
  fs::create_directories(cache + "/refs");
  write("models--a--b/refs/main", "22");
  EXPECT_EQ(message(cache), cache + "/snapshots/22/some.pt");
  fs::remove(cache + "/snapshots/22/some.pt");
  EXPECT_NE(message(cache).find("without weights"), std::string::npos);
}

TEST_F(Index, TheConfigurationBesideIsKept) {
  write("open_clip_config.json", "{}");
  EXPECT_EQ(Checkpoint::open(folder_ + "/x-1.safetensors").open_clip_config(), "{}");
  fs::remove(folder_ + "/open_clip_config.json");
  EXPECT_EQ(Checkpoint::open(folder_ + "/x-1.safetensors").open_clip_config(), "");
}

}  // namespace
}  // namespace mobileclip
