// One sentence and the documented exit code for each kind of bad input.
#include <gtest/gtest.h>

#include <algorithm>

#include "program.h"

namespace mobileclip::test {
namespace {

/// The message is one line that begins with the program's name and holds `part`.
void expect_sentence(const Outcome& outcome, int exit_code, const std::string& part) {
  EXPECT_EQ(outcome.exit_code, exit_code) << outcome.err;
  EXPECT_EQ(std::ranges::count(outcome.err, '\n'), 1) << outcome.err;
  EXPECT_TRUE(outcome.err.starts_with("mobileclip: ")) << outcome.err;
  EXPECT_NE(outcome.err.find(part), std::string::npos) << outcome.err;
  EXPECT_EQ(outcome.out, "");
}

TEST(BadInputNoModel, CommandLine) {
  const std::string labels_with_gap = "a\n\n";
  expect_sentence(run({{}}), 2, "no command");
  expect_sentence(run({{"frobnicate"}}), 2, "unknown command");
  expect_sentence(run({{"classify", kPhoto, "-l", "a", "--frob"}}), 2, "--frob");
  expect_sentence(run({{"classify", kPhoto, "-l", "a", "--templat", "x"}}), 2, "--template");
  expect_sentence(run({{"classify", kPhoto}}), 2, "no labels");
  expect_sentence(run({{"classify", kPhoto, "-l", ""}}), 2, "empty");
  expect_sentence(run({{"classify", "-l", "a"}}), 2, "no image");
  expect_sentence(run({{"classify", kPhoto, "-l", "a", "--template", "x"}}), 2, "{}");
  expect_sentence(run({{"classify", kPhoto, "-l", "a", "--top", "0"}}), 2, "--top");
  expect_sentence(run({{"classify", kPhoto, "-l", "a", "-t", "none"}}), 2, "--threads");
  expect_sentence(run({{"classify", kPhoto, "-l", "a", "-b", "1.5"}}), 2, "--batch");
  expect_sentence(run({{"classify", kPhoto, "-l", "a", "--arch", "resnet"}}), 2, "mobileclip_s0");
  expect_sentence(run({{"classify", kPhoto, "-l"}}), 2, "needs a value");
#ifdef MOBILECLIP_HAS_SHIPPED_MODEL
  // The model inside the program takes over, also by its name; a name that is none does not.
  EXPECT_EQ(run({{"classify", kPhoto, "-l", "a"}}).exit_code, 0);
  EXPECT_EQ(run({{"classify", "-m", "mobileclip_nano", kPhoto, "-l", "a"}}).exit_code, 0);
  expect_sentence(run({{"classify", "-m", "mobileclip_micro", kPhoto, "-l", "a"}}), 1,
                  "mobileclip_micro");
#else
  expect_sentence(run({{"classify", kPhoto, "-l", "a"}}), 2, "$MOBILECLIP_MODEL");
#endif
  expect_sentence(run({{"embed", "-o", "x.npy", "-m", "y"}}), 2, "exactly one");
  expect_sentence(run({{"embed", "--images", "a", "--texts", "b", "-o", "x.npy"}}), 2,
                  "exactly one");
  expect_sentence(run({{"embed", "--images", "a", "-o", "x.npy"}}), 2, "before --images");
  expect_sentence(run({{"embed", "--texts", "a", "--output", "x.csv", "-m", "y"}}), 2, ".npy");
  expect_sentence(run({{"preprocess", kPhoto, "-o", "x.bmp"}}), 2, ".png");
  expect_sentence(run({{"preprocess", kPhoto, "-o", "x.png", "--interpolation", "cubic"}}), 2,
                  "bicubic");
  expect_sentence(run({{"info"}}), 2, "FILE");
  expect_sentence(run({{"tokenize", "a"}, "", {"MOBILECLIP_ISA=mmx"}}), 2, "mmx");
}

TEST(BadInputNoModel, ModelsThatAreNotThere) {
  expect_sentence(run({{"classify", kPhoto, "-l", "a", "-m", "/no/such.pt"}}), 1, "/no/such.pt");
  expect_sentence(run({{"classify", kPhoto, "-l", "a", "-m", "mobileclip_s9"},
                       "",
                       {"MOBILECLIP_HOME=/nowhere"}}),
                  1, "/nowhere");
  expect_sentence(run({{"classify", kPhoto, "-l", "a", "-m", "mobileclip_s9"}}), 1, "$HOME");
  expect_sentence(run({{"info", "/tmp"}}), 1, "folder");
}

TEST(BadInputNoModel, FilesThatAreNoCheckpoint) {
  const std::string data = MOBILECLIP_TEST_DATA "/checkpoint/";
  expect_sentence(run({{"info", data + "empty.pt"}}), 1, "empty");
  expect_sentence(run({{"info", data + "not_a_checkpoint.pt"}}), 1, "web page");
  expect_sentence(run({{"info", data + "git_lfs_pointer.pt"}}), 1, "Git LFS");
  expect_sentence(run({{"info", data + "truncated_half.pt"}}), 4, "truncated");
  expect_sentence(run({{"info", data + "evil_system.pt"}}), 4, "posix.system");
  expect_sentence(run({{"info", data + "whole_module_pickled.pt"}}), 4, "Sequential");
  expect_sentence(run({{"info", data + "plain_zip.pt"}}), 1, "not a checkpoint of a known variant");
  expect_sentence(run({{"info", kPhoto}}), 1, "PNG");
  expect_sentence(run({{"info", data + "expected.json"}}), 1, "neither a checkpoint");
}

TEST(BadInputNoModel, ImagesThatAreNone) {
  const std::string folder = fresh_folder();
  write_file(folder + "/page.jpg", "<!DOCTYPE html>");
  write_file(folder + "/empty.png", "");
  write_file(folder + "/cut.png", read_file(kPhoto).substr(0, 5000));
  const std::string out = folder + "/o.png";
  expect_sentence(run({{"preprocess", folder + "/page.jpg", "-o", out}}), 1, "not an image");
  expect_sentence(run({{"preprocess", folder + "/empty.png", "-o", out}}), 1, "empty");
  expect_sentence(run({{"preprocess", folder + "/cut.png", "-o", out}}), 1, "truncated");
  expect_sentence(run({{"preprocess", folder + "/missing.png", "-o", out}}), 1, "No such file");
  expect_sentence(run({{"preprocess", folder, "-o", out}}), 1, "folder");
  EXPECT_FALSE(exists(out));
}

TEST(BadInputNoModel, PlacesThatCannotBeWritten) {
  const std::string folder = fresh_folder();
  expect_sentence(run({{"preprocess", kPhoto, "-o", folder + "/none/x.png"}}), 1, "cannot write");
  expect_sentence(run({{"preprocess", kPhoto, "-o", "/dev/full/x.png"}}), 1, "cannot write");
  // A limit on the size of files stands for a full disk: the old file stays as it was.
  write_file(folder + "/x.png", "old");
  const Outcome full =
      run({{"preprocess", kPhoto, "-o", folder + "/x.png"}, "", {}, "ulimit -f 8;"});
  EXPECT_EQ(full.exit_code, 1) << full.err;
  EXPECT_EQ(read_file(folder + "/x.png"), "old");
  EXPECT_FALSE(exists(folder + "/x.png.part"));
}

TEST(BadInputNoModel, StandardOutputThatTakesNothing) {
  expect_sentence(run({{"tokenize", "a"}, "", {}, "", ">/dev/full"}), 1, "standard output");
  expect_sentence(run({{"tokenize", "a"}, "", {}, "", ">&-"}), 1, "standard output");
  EXPECT_EQ(run({{"frobnicate"}, "", {}, "", "2>&-"}).exit_code, 2);
  EXPECT_EQ(run({{"frobnicate"}, "", {}, "", "2>/dev/full"}).exit_code, 2);
}

TEST(BadInputNoModel, OneBadLineAmongTexts) {
  const Outcome some = run({{"tokenize", "--jsonl"}, "\"a cat\"\n{\"no\":1}\n{\"text\":\"a\"}\n"});
  EXPECT_EQ(some.exit_code, 3);
  const auto lines = some.json_lines();
  ASSERT_EQ(lines.size(), 3u);
  EXPECT_EQ(lines[0], (nlohmann::json{49406, 320, 2368, 49407}));
  EXPECT_TRUE(lines[1].contains("error"));
  EXPECT_EQ(lines[2], (nlohmann::json{49406, 320, 49407}));
  EXPECT_EQ(run({{"tokenize", "--jsonl"}, "nonsense\n"}).exit_code, 1);
}

TEST(BadInputWithModel, OneBadImageAmongMany) {
  const std::string folder = fresh_folder();
  write_file(folder + "/bad.png", "no image");
  const Outcome some =
      run({{"classify", "-m", kModel, "--json", "-l", "a", kPhoto, folder + "/bad.png", kPhoto}});
  EXPECT_EQ(some.exit_code, 3) << some.err;
  const auto lines = some.json_lines();
  ASSERT_EQ(lines.size(), 3u);
  EXPECT_EQ(lines[1]["error"]["code"], "decode");
  EXPECT_EQ(lines[1]["file"], folder + "/bad.png");
  EXPECT_EQ(lines[0]["labels"], lines[2]["labels"]);
  EXPECT_EQ(run({{"classify", "-m", kModel, "-l", "a", folder + "/bad.png"}}).exit_code, 1);
}

TEST(BadInputWithModel, FolderWithoutImagesAndWrongArch) {
  const std::string folder = fresh_folder();
  write_file(folder + "/notes.txt", "text");
  expect_sentence(run({{"classify", "-m", kModel, "-l", "a", folder}}), 1, "no images");
  const Outcome wrong = run({{"info", kModel, "--arch", "mobileclip_b"}});
  EXPECT_EQ(wrong.exit_code, 1);
  EXPECT_NE(wrong.err.find("missing"), std::string::npos);
  EXPECT_NE(wrong.err.find("unexpected"), std::string::npos);
}

TEST(BadInputWithModel, FewFileDescriptorsNoHomeReadOnlyFolder) {
  const Outcome outcome = run({{"classify", "-m", kModel, "-l", "a", kPhoto, kPhoto, kPhoto},
                               "",
                               {},
                               "ulimit -n 32; cd /proc;"});
  EXPECT_EQ(outcome.exit_code, 0) << outcome.err;
}

}  // namespace
}  // namespace mobileclip::test
