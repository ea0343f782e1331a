// Lists, tars and rows as they come from disk.
#include <gtest/gtest.h>
#include <unistd.h>

#include <cmath>
#include <filesystem>
#include <fstream>

#include "base/error.h"
#include "base/mapped_file.h"
#include "data/shard_writer.h"
#include "eval/chunk.h"
#include "eval/class_files.h"
#include "eval/layout.h"
#include "eval/results.h"
#include "eval/samples.h"

namespace mobileclip::eval {
namespace {

namespace fs = std::filesystem;
using Lines = std::vector<std::string>;

std::string fresh_folder() {
  static int number = 0;
  std::string path = fmt::format("{}/eval-files-{}-{}", testing::TempDir(), ::getpid(), number++);
  fs::create_directories(path);
  return path;
}

void write_bytes(const std::string& path, const std::string& bytes) {
  std::ofstream(path, std::ios::binary) << bytes;
}

TEST(ClassFiles, LinesKeepWhatIsEmptyAndMakeNothingUp) {
  EXPECT_EQ(class_lines("a\nb\n"), (Lines{"a", "b"}));
  EXPECT_EQ(class_lines("a\r\n  b \r\n\r\nc"), (Lines{"a", "b", "", "c"}));
  EXPECT_EQ(class_lines("\n"), (Lines{""}));
  EXPECT_TRUE(class_lines("").empty());
}

TEST(ClassFiles, TemplatesAreFilledAsPythonDoes) {
  EXPECT_EQ(fill_template("a {c} and a {c}.", "dog"), "a dog and a dog.");
  EXPECT_EQ(fill_template("{{c}} {{{c}}}", "dog"), "{c} {dog}");
  EXPECT_EQ(fill_template("{c}", "{c}"), "{c}");  // not read again
  EXPECT_EQ(fill_template("{c} x", ""), " x");
  for (const char* bad : {"{", "}", "{x}", "{c", "{}", "a {c}}"}) {
    EXPECT_THROW(fill_template(bad, "dog"), Error) << bad;
  }
}

TEST(ClassFiles, ImagenetHasItsNamesAndTemplates) {
  ASSERT_EQ(imagenet_names().size(), 1000U);
  ASSERT_EQ(imagenet_templates().size(), 80U);
  EXPECT_EQ(imagenet_names()[0], "tench");
  EXPECT_EQ(imagenet_names()[999], "toilet paper");
  EXPECT_EQ(imagenet_names()[657], imagenet_names()[744]);  // spec §0.4
  EXPECT_EQ(imagenet_names()[836], imagenet_names()[837]);
  EXPECT_EQ(imagenet_templates()[0], "a bad photo of a {c}.");
}

TEST(ClassFiles, ObjectivesAreSplitAtTheFirstColon) {
  const Lines lines = {"race:x:y", "age:3", "race:z"};
  EXPECT_EQ(lines_of_objective(lines, "race"), (Lines{"x:y", "z"}));
  EXPECT_THROW(lines_of_objective({"none"}, "race"), Error);
}

std::string small_tar() {
  std::string path = fresh_folder() + "/0.tar";
  ShardWriter writer(path);
  for (int i = 0; i < 6; ++i) {
    writer.add({fmt::format("s{}", i), {{"png", std::string(300 + 400 * i, 'p')}, {"cls", "1\n"}}});
  }
  writer.finish();
  return path;
}

uint64_t whole_samples(const std::string& path, bool& truncated) {
  const Shard shard{"0.tar", path, {}};
  Needs needs;
  needs.label = true;
  SampleReader reader(shard, needs);
  uint64_t count = 0;
  while (const auto sample = reader.next()) {
    EXPECT_EQ(sample->image.size(), 300 + 400 * count);  // never a part of an image
    EXPECT_EQ(sample->label, 1);
    ++count;
  }
  truncated = reader.report().truncated;
  return count;
}

TEST(Samples, ATarCutAnywhereGivesItsWholeSamplesAndSaysSo) {
  const std::string whole = small_tar();
  bool truncated = true;
  EXPECT_EQ(whole_samples(whole, truncated), 6U);
  EXPECT_FALSE(truncated);
  const std::string bytes = read_file(whole, 1 << 20), part = fresh_folder() + "/part.tar";
  uint64_t before = 0;
  size_t end = bytes.find_last_not_of('\0');
  for (size_t size = 512; size <= end; size += 512) {
    write_bytes(part, bytes.substr(0, size));
    const uint64_t count = whole_samples(part, truncated);
    EXPECT_TRUE(truncated) << size;
    EXPECT_GE(count, before) << size;
    EXPECT_LT(count, 6U) << size;
    before = count;
  }
}

TEST(Samples, CaptionsLabelsAndGroups) {
  Needs needs;
  needs.captions = true;
  const Sample good{"k", {{"webp", "x"}, {"png", "y"}, {"txt", "one\n two\\nlines \n\n"}}};
  const EvalSample sample = check_sample(good, needs, "0.tar");
  EXPECT_EQ(sample.image, "x");  // webp comes first
  EXPECT_EQ(sample.captions, (Lines{"one", "two\nlines"}));
  Needs label;
  label.label = true;
  EXPECT_EQ(check_sample({"k", {{"jpeg", "x"}, {"cls", " 7 \n"}}}, label, "t").label, 7);
  for (const char* bad : {"", "-1", "7x", "7\n8", "99999999999999999999"}) {
    EXPECT_THROW(check_sample({"k", {{"jpeg", "x"}, {"cls", bad}}}, label, "t"), Error) << bad;
  }
  EXPECT_THROW(check_sample({"k", {{"cls", "1"}}}, label, "t"), Error);
  EXPECT_THROW(check_sample({"k", {{"png", ""}, {"cls", "1"}}}, label, "t"), Error);
  Needs groups;
  groups.group_columns = 2;
  EXPECT_THROW(check_sample({"k", {{"png", "x"}}}, groups, "t"), Error);
}

TEST(Layout, InstancesOfWinogavil) {
  const Instance one = parse_instance(
      R"({"cue": "ice", "candidates": ["a", "b", "c"], "associations": ["c", "a"]})", "x");
  EXPECT_EQ(one.is_true, (std::vector<bool>{true, false, true}));
  for (const char* bad : {"", "[]", R"({"cue": 1, "candidates": [], "associations": []})",
                          R"({"cue": "x", "candidates": [], "associations": []})"}) {
    EXPECT_THROW(parse_instance(bad, "x"), Error) << bad;
  }
}

TEST(Layout, AChangedShardHasAnotherIdentity) {
  const std::string path = small_tar();
  const Shard shard{"0.tar", path, {}};
  const std::string before = shard_identity(shard);
  EXPECT_EQ(shard_identity(shard), before);
  std::ofstream(path, std::ios::app) << 'x';
  EXPECT_NE(shard_identity(shard), before);
  EXPECT_THROW(shard_identity({"1.tar", path + "x", {}}), Error);
}

TEST(Chunk, ReadsWhatWasWrittenAndNothingDamaged) {
  const std::string path = fresh_folder() + "/below/c.safetensors";
  EXPECT_FALSE(read_chunk(path));
  Chunk chunk;
  chunk.dim = 2;
  chunk.group_columns = 1;
  chunk.rows = {1, 0, 0, 1, 0, 0};
  chunk.labels = {4, -1, 2};
  chunk.groups = {7, 8, 9};
  chunk.unreadable = {0, 0, 1};
  chunk.keys = {"a", "ü", "c"};
  chunk.captions = {{"x", "y"}, {}, {"z"}};
  chunk.skipped = {{"a link", 2}};
  chunk.truncated = true;
  chunk.data_sha256 = "ab";
  chunk.instruction_set = "avx2";
  write_chunk(path, chunk);
  Chunk back = read_chunk(path).value();
  EXPECT_EQ(back.rows, chunk.rows);
  EXPECT_EQ(back.labels, chunk.labels);
  EXPECT_EQ(back.groups, chunk.groups);
  EXPECT_EQ(back.unreadable, chunk.unreadable);
  EXPECT_EQ(back.keys, chunk.keys);
  EXPECT_EQ(back.captions, chunk.captions);
  EXPECT_EQ(back.skipped, chunk.skipped);
  EXPECT_TRUE(back.truncated);
  back.cut(1);
  EXPECT_EQ(back.size(), 1U);
  EXPECT_EQ(back.rows.size(), 2U);
  std::string bytes = read_file(path, 1 << 20);
  bytes[bytes.size() - 3] = static_cast<char>(bytes[bytes.size() - 3] ^ 1);
  write_bytes(path, bytes);
  EXPECT_THROW(read_chunk(path), Error);
  write_bytes(path, bytes.substr(0, bytes.size() / 2));
  EXPECT_THROW(read_chunk(path), Error);
}

TEST(Results, ReadsNanAndWritesWhatItReads) {
  const std::string text =
      "{\"key\": \"a\", \"dataset\": \"A NaN\", \"metrics\": {\"x\": NaN, \"y\": 0.1, "
      "\"z\": -Infinity, \"acc5\": null, \"main_metric\": 0.25}}\n\n"
      "{\"key\": \"b\", \"metrics\": {\"main_metric\": null}}";
  const std::vector<ResultRow> rows = parse_rows(text, "t");
  ASSERT_EQ(rows.size(), 2U);
  EXPECT_EQ(rows[0].dataset, "A NaN");
  EXPECT_FALSE(*rows[0].metrics.find("x"));
  EXPECT_EQ(rows[0].main_metric(), 0.25);
  EXPECT_FALSE(rows[1].main_metric());
  EXPECT_EQ(main_metrics(rows, false).size(), 1U);
  for (const char* bad : {"{", "[1]", "{\"key\": \"a\"}", "{\"key\": 1, \"metrics\": {}}",
                          "{\"key\": \"a\", \"metrics\": 5}",
                          "{\"key\": \"a\", \"metrics\": {}, \"meta\": {\"n\": \"x\"}}",
                          "{\"key\": \"a\", \"metrics\": {}, \"meta\": {\"n\": 4e107}}",
                          "{\"key\": \"a\", \"metrics\": {}, \"meta\": {\"ties\": -1}}",
                          "{\"key\": \"a\", \"metrics\": {}, \"meta\": {\"threads\": -1}}"}) {
    EXPECT_THROW(parse_rows(bad, "t"), Error) << bad;
  }
}

TEST(Results, PrecisionHadALongerName) {
  const char* line = "{\"key\": \"a\", \"metrics\": {}, \"meta\": {\"precision\": \"float32\"}}";
  EXPECT_EQ(parse_rows(line, "t").at(0).meta.precision, "f32");
}

TEST(Results, FloatsAreShortAndReadBackAsTheyWere) {
  ResultRow row{"imagenet1k", "ImageNet 1k", {}, {}};
  row.metrics.set("acc1", 0.67786);
  row.metrics.set("acc_avg", double{0.6733333468437195F});
  row.metrics.set("count", 0.0);
  row.metrics.set("empty", std::nan(""));
  row.metrics.set("main_metric", std::nullopt);
  row.meta.n = 5;
  row.meta.precision = "bf16";
  row.meta.incomplete = {"5 of 50000"};
  const std::string line = to_json_line(row, false);
  EXPECT_EQ(line.substr(0, line.find(", \"meta\"")),
            "{\"key\": \"imagenet1k\", \"dataset\": \"ImageNet 1k\", \"metrics\": {\"acc1\": "
            "0.67786, \"acc_avg\": 0.6733333468437195, \"count\": 0.0, \"empty\": null, "
            "\"main_metric\": null}");
  EXPECT_NE(to_json_line(row, true).find("\"empty\": NaN"), std::string::npos);
  const ResultRow back = parse_rows(line, "t").at(0);
  EXPECT_EQ(back.meta.n, 5U);
  EXPECT_EQ(back.meta.precision, "bf16");
  EXPECT_EQ(back.meta.incomplete, row.meta.incomplete);
  EXPECT_EQ(to_json_line(back, false), line);
  EXPECT_TRUE(main_metrics({back}, false).empty());
}

TEST(Results, AppendingKeepsEveryByteBefore) {
  const std::string path = fresh_folder() + "/r.jsonl";
  ResultRow row{"a", "A", {}, {}};
  row.metrics.set("main_metric", 0.5);
  append_row(path, row, false);
  const std::string before = read_file(path, 1 << 20);
  row.metrics.set("main_metric", 0.75);
  append_row(path, row, false);
  EXPECT_EQ(read_file(path, 1 << 20).substr(0, before.size()), before);
  const auto rows = last_of_each_key(read_rows(path));
  ASSERT_EQ(rows.size(), 1U);
  EXPECT_EQ(rows[0].main_metric(), 0.75);  // the last one counts
}

}  // namespace
}  // namespace mobileclip::eval
