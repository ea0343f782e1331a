#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>
#include <iterator>
#include <thread>

#include "base/atomic_file.h"
#include "base/error.h"
#include "base/mapped_file.h"

namespace mobileclip {
namespace {

namespace fs = std::filesystem;

class Files : public testing::Test {
 protected:
  void SetUp() override {
    std::string name = fs::path(testing::TempDir()) / "mobileclip-base-XXXXXX";
    ASSERT_NE(::mkdtemp(name.data()), nullptr);
    folder_ = name;
  }
  void TearDown() override { fs::remove_all(folder_); }

  std::string path(const std::string& name) const { return folder_ / name; }
  static void put(const std::string& path, const std::string& text) {
    std::ofstream(path, std::ios::binary) << text;
  }
  static std::string get(const std::string& path) {
    std::ifstream file(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
  }
  size_t entries() const {
    return static_cast<size_t>(std::distance(fs::directory_iterator(folder_), {}));
  }
  static ErrorCode code_of(const std::function<void()>& action) {
    try {
      action();
    } catch (const Error& error) {
      return error.code();
    }
    return ErrorCode::kInternal;
  }
  fs::path folder_;
};

TEST_F(Files, CommitReplacesAndKeepsTheMode) {
  put(path("a"), "old");
  ::chmod(path("a").c_str(), 0640);
  AtomicFile file(path("a"));
  file.write("new ");
  file.write("text");
  file.overwrite(0, "N");
  EXPECT_EQ(get(path("a")), "old");
  file.commit();
  EXPECT_EQ(get(path("a")), "New text");
  struct stat status {};
  ::stat(path("a").c_str(), &status);
  EXPECT_EQ(status.st_mode & 0777u, 0640u);
  EXPECT_EQ(entries(), 1u);
}

TEST_F(Files, WithoutCommitNothingChanges) {
  put(path("a"), "old");
  {
    AtomicFile file(path("a"));
    file.write(std::string(3 << 20, 'x'));
  }
  EXPECT_EQ(get(path("a")), "old");
  EXPECT_EQ(entries(), 1u);
}

TEST_F(Files, ALinkStaysALink) {
  put(path("target"), "old");
  fs::create_symlink(path("target"), path("link"));
  AtomicFile file(path("link"));
  file.write("new");
  file.commit();
  EXPECT_TRUE(fs::is_symlink(path("link")));
  EXPECT_EQ(get(path("target")), "new");
}

TEST_F(Files, PlacesThatCannotBeWritten) {
  EXPECT_EQ(code_of([&] { AtomicFile(path("none/x")); }), ErrorCode::kNotFound);
  EXPECT_EQ(code_of([&] { const AtomicFile file(folder_.string()); }), ErrorCode::kIo);
  EXPECT_EQ(code_of([&] {
              AtomicFile file("/dev/full");
              file.write("x");
              file.commit();
            }),
            ErrorCode::kNoSpace);
}

// A writer that was killed leaves its temporary file; the next writer of the same file takes it
// away, but not that of one that is still at work.
TEST_F(Files, LeftoversOfAKilledWriterGo) {
  const std::string left = path("out.12345-0.part"), other = path("other.12345-0.part");
  std::ofstream(left) << "half";
  std::ofstream(other) << "half";
  AtomicFile at_work(path("out"));
  at_work.write("first");
  EXPECT_FALSE(fs::exists(left));
  EXPECT_TRUE(fs::exists(other));
  AtomicFile second(path("out"));
  second.write("second");
  second.commit();
  EXPECT_EQ(read_file(path("out"), 100), "second");
  at_work.commit();
  EXPECT_EQ(read_file(path("out"), 100), "first");
}

TEST_F(Files, AFullDiskLeavesTheOldFile) {
  put(path("a"), "old");
  std::signal(SIGXFSZ, SIG_IGN);
  rlimit before{};
  ::getrlimit(RLIMIT_FSIZE, &before);
  rlimit small = before;
  small.rlim_cur = 1000;
  ::setrlimit(RLIMIT_FSIZE, &small);
  const ErrorCode code = code_of([&] {
    AtomicFile file(path("a"));
    file.write(std::string(5000, 'x'));
    file.commit();
  });
  ::setrlimit(RLIMIT_FSIZE, &before);
  EXPECT_EQ(code, ErrorCode::kNoSpace);
  EXPECT_EQ(get(path("a")), "old");
  EXPECT_EQ(entries(), 1u);
}

TEST_F(Files, MappedFilesOfAllKinds) {
  put(path("a"), std::string("a\0b", 3));
  EXPECT_EQ(MappedFile::open(path("a"))->bytes().size(), 3u);
  MappedFile::open(path("a"))->release(MappedFile::open(path("a"))->bytes());
  put(path("empty"), "");
  EXPECT_TRUE(MappedFile::open(path("empty"))->bytes().empty());
  EXPECT_EQ(code_of([&] { MappedFile::open(path("missing")); }), ErrorCode::kNotFound);
  EXPECT_EQ(code_of([&] { MappedFile::open(folder_.string()); }), ErrorCode::kInvalidArgument);
  EXPECT_EQ(code_of([&] { MappedFile::open(path("a"), 2); }), ErrorCode::kTooLarge);
  EXPECT_EQ(read_file(path("a"), 10), std::string("a\0b", 3));
  EXPECT_EQ(code_of([&] { read_file(path("a"), 2); }), ErrorCode::kTooLarge);
}

TEST_F(Files, APipeIsRead) {
  ASSERT_EQ(::mkfifo(path("pipe").c_str(), 0600), 0);
  std::thread writer([&] { put(path("pipe"), std::string(200'000, 'p')); });
  EXPECT_EQ(MappedFile::open(path("pipe"))->bytes().size(), 200'000u);
  writer.join();
}

TEST_F(Files, FilesThatBelongTogetherComeTogetherOrNotAtAll) {
  const std::array<std::string, 3> names = {path("a"), path("b"), path("c")};
  const std::string old_extra = path("old-extra");
  const auto attempt = [&](const std::function<void()>& before_commit) {
    AtomicFile a(names[0]), b(names[1]), c(names[2]);
    for (AtomicFile* file : {&a, &b, &c}) file->write("new");
    before_commit();
    AtomicFile::commit_together(std::array{&a, &b, &c}, std::array{old_extra});
  };
  const auto contents = [&] { return get(names[0]) + "," + get(names[1]) + "," + get(names[2]); };
  put(names[0], "old a");
  put(names[2], "old c");
  put(old_extra, "old");
  EXPECT_THROW(attempt([&] { fs::create_directory(names[1]); }), Error);
  fs::remove(names[1]);
  EXPECT_EQ(contents(), "old a,,old c");
  EXPECT_EQ(get(old_extra), "old");
  EXPECT_EQ(entries(), 3U);
  attempt([] {});
  EXPECT_EQ(contents(), "new,new,new");
  EXPECT_FALSE(fs::exists(old_extra));
  EXPECT_EQ(entries(), 3U);
}

}  // namespace
}  // namespace mobileclip
