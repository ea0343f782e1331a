#include "data/shard_reader.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>

#include "base/error.h"
#include "base/mapped_file.h"
#include "data/record_stream.h"
#include "data/shard_writer.h"

namespace mobileclip {
namespace {

namespace fs = std::filesystem;

std::string temporary(const std::string& name) { return testing::TempDir() + "/" + name; }

void write_bytes(const std::string& path, const std::string& bytes) {
  std::ofstream(path, std::ios::binary) << bytes;
}

/// One ustar header with its checksum.
std::string header(const std::string& name, const std::string& size, char type) {
  std::string block(512, '\0');
  block.replace(0, name.size(), name);
  block.replace(100, 7, "0000444");
  block.replace(124, size.size(), size);
  block.replace(136, 11, "00000000000");
  block[156] = type;
  if (type == '1' || type == '2') block.replace(157, 6, "target");
  block.replace(257, 8, std::string("ustar\00000", 8));
  block.replace(148, 8, "        ");
  unsigned sum = 0;
  for (const char c : block) sum += static_cast<unsigned char>(c);
  char digits[8];
  std::snprintf(digits, sizeof digits, "%06o", sum);
  block.replace(148, 7, std::string(digits, 7));
  return block;
}

std::string member(const std::string& name, const std::string& bytes) {
  char size[12];
  std::snprintf(size, sizeof size, "%011zo", bytes.size());
  return header(name, size, '0') + bytes + std::string((512 - bytes.size() % 512) % 512, '\0');
}

const std::string kEnd(1024, '\0');

std::vector<Sample> read_all(ShardReader& reader) {
  std::vector<Sample> out;
  while (std::optional<Sample> sample = reader.next()) out.push_back(*sample);
  return out;
}

TEST(ShardReader, GroupsMembersByKey) {
  const std::string path = temporary("group.tar");
  write_bytes(path, member("a/b.c/one.png", "1") + member("a/b.c/one.SYN.json", "2") +
                        member("a/b.c/two.txt", "3") + member("noext", "4") + kEnd);
  ShardReader reader(path);
  const auto samples = read_all(reader);
  ASSERT_EQ(samples.size(), 2U);
  EXPECT_EQ(samples[0].key, "a/b.c/one");
  EXPECT_EQ(samples[0].members.at("syn.json"), "2");
  EXPECT_EQ(samples[1].members.at("txt"), "3");
  EXPECT_EQ(reader.report().skipped.at("a name without extension"), 1U);
  EXPECT_FALSE(reader.report().truncated);
}

TEST(ShardReader, SkipsAndCountsWhatIsNoRegularFile) {
  const std::string path = temporary("odd.tar");
  write_bytes(path, member("a.txt", "x") + header("a.png", "00000000000", '2') +
                        header("a.npz", "00000000000", '1') + header("a.dev", "00000000000", '3') +
                        header("a.pipe", "00000000000", '6') + member("a.txt", "again") +
                        member("b.txt", "y") + kEnd);
  ShardReader reader(path);
  const auto samples = read_all(reader);
  ASSERT_EQ(samples.size(), 2U);
  EXPECT_EQ(samples[0].members.at("txt"), "x");
  EXPECT_EQ(reader.report().skipped.at("a link"), 2U);
  EXPECT_EQ(reader.report().skipped.at("not a regular file"), 2U);
  EXPECT_EQ(reader.report().skipped.at("a second member of one name"), 1U);
}

TEST(ShardReader, LeavesOutTheNamesOfWebdatasetItself) {
  const std::string path = temporary("own.tar");
  write_bytes(path, member("__url__.txt", "x") + member("a/__key__.txt", "x") +
                        member("__a.txt", "y") + kEnd);
  ShardReader reader(path);
  const auto samples = read_all(reader);
  ASSERT_EQ(samples.size(), 1U);
  EXPECT_EQ(samples[0].key, "__a");
  EXPECT_EQ(reader.report().skipped.at("a name of webdataset's own"), 2U);
}

/// Pages of mapped files in memory, in KiB.
long resident_file_kib() {
  std::ifstream status("/proc/self/status");
  for (std::string word; status >> word;) {
    long value = 0;
    if (word == "RssFile:" && status >> value) return value;
  }
  return 0;
}

// A shard of any size takes the memory of a few samples.
TEST(ShardReader, GivesBackThePagesItHasRead) {
  const std::string path = temporary("large.tar");
  constexpr size_t kMembers = 12, kSize = size_t{8} << 20;
  {
    std::ofstream file(path, std::ios::binary);
    for (size_t i = 0; i < kMembers; ++i) {
      file << member(fmt::format("s{:02}.png", i), std::string(kSize, static_cast<char>('a' + i)));
    }
    file << kEnd;
  }
  const long before = resident_file_kib();
  ShardReader reader(path);
  for (size_t i = 0; i < kMembers; ++i) {
    const auto sample = reader.next();
    ASSERT_TRUE(sample);
    ASSERT_EQ(sample->members.at("png"), std::string(kSize, static_cast<char>('a' + i)));
    EXPECT_LT(resident_file_kib() - before, 24 << 10) << i;
  }
  EXPECT_FALSE(reader.next());
  fs::remove(path);
}

TEST(ShardReader, HugeDeclaredSizesCostNothing) {
  const std::string path = temporary("huge.tar");
  write_bytes(path, member("a.txt", "x") + header("b.png", "77777777777", '0') + kEnd);
  ShardReader reader(path);
  EXPECT_LE(read_all(reader).size(), 1U);
  EXPECT_EQ(reader.report().skipped.count("over 64 MiB") + (reader.report().truncated ? 1U : 0U),
            2U);
}

TEST(ShardReader, TruncationAtEveryBlockKeepsTheWholeSamples) {
  std::string whole;
  std::vector<size_t> ends;  // where each sample is complete
  for (int i = 0; i < 5; ++i) {
    whole += member("s" + std::to_string(i) + ".png", std::string(700, 'p'));
    whole += member("s" + std::to_string(i) + ".txt", "caption");
    ends.push_back(whole.size());
  }
  whole += kEnd;
  for (size_t cut = 0; cut <= whole.size(); cut += 512) {
    const std::string path = temporary("cut.tar");
    write_bytes(path, whole.substr(0, cut));
    ShardReader reader(path);
    const auto samples = read_all(reader);
    const size_t complete =
        static_cast<size_t>(std::ranges::count_if(ends, [&](size_t end) { return end <= cut; }));
    // The last one is known to be complete only if more follows.
    EXPECT_LE(samples.size(), complete) << cut;
    EXPECT_GE(samples.size() + 1, complete) << cut;
    for (const Sample& sample : samples) EXPECT_EQ(sample.members.size(), 2U) << cut;
    EXPECT_EQ(reader.report().truncated, cut < ends.back() + 512) << cut;
  }
}

TEST(ShardReader, WhatIsNoTarOrNoFileIsRefused) {
  const std::string path = temporary("no.tar");
  write_bytes(path, std::string(4096, 'x'));
  const auto read = [&] {
    ShardReader reader(path);
    read_all(reader);
  };
  EXPECT_THROW(read(), Error);
  EXPECT_THROW(ShardReader("/nonexistent.tar"), Error);
  for (const char* word : {"pipe:cat x.tar", "http://example.org/x.tar", "s3://bucket/x.tar"}) {
    EXPECT_THROW(expand_shards(word), Error) << word;
  }
}

TEST(ShardWriter, WritesTheSameBytesAndLongNames) {
  const Sample sample{std::string(180, 'k') + "/x", {{"png", std::string(1000, 'x')}, {"txt", ""}}};
  for (const char* name : {"one.tar", "two.tar"}) {
    ShardWriter writer(temporary(name));
    writer.add(sample);
    writer.finish();
  }
  EXPECT_EQ(read_file(temporary("one.tar"), 1 << 20), read_file(temporary("two.tar"), 1 << 20));
  ShardReader reader(temporary("one.tar"));
  const auto samples = read_all(reader);
  ASSERT_EQ(samples.size(), 1U);
  EXPECT_EQ(samples[0].key, sample.key);
  EXPECT_EQ(samples[0].members, sample.members);
}

TEST(ShardWriter, LeavesNothingWithoutFinish) {
  const std::string path = temporary("gone.tar");
  fs::remove(path);
  {
    ShardWriter writer(path);
    writer.add({"k", {{"txt", "x"}}});
  }
  EXPECT_FALSE(fs::exists(path));
}

TEST(ExpandShards, PatternsAndFolders) {
  EXPECT_EQ(expand_shards("a{008..010}.tar"),
            (std::vector<std::string>{"a008.tar", "a009.tar", "a010.tar"}));
  EXPECT_EQ(expand_shards("{0..1}/{2..3}.tar").size(), 4U);
  for (const char* word : {"a{1..}.tar", "a{3..1}", "a{x..y}", "a{0..99999999999}", "a{"}) {
    EXPECT_THROW(expand_shards(word), Error) << word;
  }
  // The largest number there is, patterns that multiply, and words that nobody means.
  EXPECT_EQ(expand_shards("a{18446744073709551615..18446744073709551615}").size(), 1U);
  for (const std::string& word :
       {std::string("a{0..18446744073709551615}"), std::string("{0..9999}{0..9999}"),
        "{0..999999}" + std::string(3000, 'x'), std::string(5000, 'x')}) {
    EXPECT_THROW(expand_shards(word), Error) << word.substr(0, 40);
  }
  const std::string folder = temporary("folder_of_shards");
  fs::create_directories(folder);
  write_bytes(folder + "/b.tar", "");
  write_bytes(folder + "/a.tar", "");
  write_bytes(folder + "/c.txt", "");
  EXPECT_EQ(expand_shards(folder),
            (std::vector<std::string>{folder + "/a.tar", folder + "/b.tar"}));
}

std::string stream_shards() {
  const std::string folder = temporary("stream");
  fs::create_directories(folder);
  for (int s = 0; s < 3; ++s) {
    ShardWriter writer(folder + "/" + std::to_string(s) + ".tar");
    for (int i = 0; i < 10; ++i) {
      writer.add({std::to_string(s) + "-" + std::to_string(i), {{"png", "p"}, {"txt", "t"}}});
    }
    writer.finish();
  }
  return folder;
}

TEST(RecordStream, EachEpochVisitsEachRecordOnceInItsOwnOrder) {
  const auto keys = [](size_t buffer, uint64_t seed, uint64_t cache) {
    RecordStream stream({expand_shards(stream_shards()), seed, buffer, cache});
    std::vector<std::string> out;
    for (int i = 0; i < 60; ++i) out.push_back(stream.next().record->key);
    return out;
  };
  const auto full = keys(1000, 1, 1 << 30);
  EXPECT_EQ(full, keys(1000, 1, 0));  // the cache does not matter
  EXPECT_NE(full, keys(1000, 2, 0));
  std::vector<std::string> first(full.begin(), full.begin() + 30),
      second(full.begin() + 30, full.end());
  EXPECT_NE(first, second);
  std::ranges::sort(first);
  std::ranges::sort(second);
  EXPECT_EQ(first, second);
  EXPECT_EQ(std::ranges::unique(first).begin(), first.end());
}

TEST(RecordStream, SeeksToAnyPlace) {
  const StreamOptions options{expand_shards(stream_shards()), 5, 7};
  RecordStream stream(options);
  for (int i = 0; i < 43; ++i) stream.next();
  const StreamCursor cursor = stream.cursor();
  const std::string next = stream.next().record->key;
  RecordStream other(options);
  other.seek(cursor);
  EXPECT_EQ(other.next().record->key, next);
  EXPECT_EQ(cursor.epoch, 1U);
}

}  // namespace
}  // namespace mobileclip
