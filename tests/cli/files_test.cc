// The commands that make and check model files: convert, models, verify; and what is left on the
// disk when one of their writes fails.
#include <gtest/gtest.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>

#include "program.h"

namespace mobileclip::test {
namespace {

namespace fs = std::filesystem;

/// A synthetic nano checkpoint, made once.
const std::string& nano() {
  static const std::string path = [] {
    std::string file = fresh_folder() + "/mobileclip_nano.pt";
    const std::string command = std::string(MOBILECLIP_SYNTH) + " mobileclip_nano " + file;
    if (std::system(command.c_str()) != 0) throw std::runtime_error("mobileclip_synth");
    return file;
  }();
  return path;
}

/// It, converted.
const std::string& converted() {
  static const std::string path = [] {
    std::string file = fresh_folder() + "/converted.safetensors";
    if (run({{"convert", nano(), file}}).exit_code != 0) throw std::runtime_error("convert");
    return file;
  }();
  return path;
}

void expect_refused(const Outcome& outcome, int exit_code, const std::string& part) {
  EXPECT_EQ(outcome.exit_code, exit_code) << outcome.err;
  EXPECT_EQ(std::count(outcome.err.begin(), outcome.err.end(), '\n'), 1) << outcome.err;
  EXPECT_NE(outcome.err.find(part), std::string::npos) << outcome.err;
}

TEST(Files, ConvertedServesEveryCommand) {
  const auto classify = [](const std::string& model) {
    return run({{"classify", "-m", model, kPhoto, "-l", "a cat", "-l", "a dog", "--json"}});
  };
  const Outcome ours = classify(converted());
  EXPECT_EQ(ours.exit_code, 0) << ours.err;
  EXPECT_EQ(ours.out, classify(nano()).out);
  const std::string folder = fresh_folder();
  for (const std::string& model : {nano(), converted()}) {
    const std::string stem = folder + (model == nano() ? "/a" : "/b");
    EXPECT_EQ(run({{"embed", "-m", model, "-o", stem + ".npy", "--texts", "a", "b"}}).exit_code, 0);
    EXPECT_EQ(run({{"preprocess", "-m", model, kPhoto, "-o", stem + ".png"}}).exit_code, 0);
  }
  EXPECT_EQ(read_file(folder + "/a.npy"), read_file(folder + "/b.npy"));
  EXPECT_EQ(read_file(folder + "/a.png"), read_file(folder + "/b.png"));
  const auto info = run({{"info", "--json", converted()}}).json_lines().at(0);
  EXPECT_EQ(info["form"], "inference");
  EXPECT_EQ(info["variant"], "mobileclip_nano");
  EXPECT_EQ(info["dtype"], "float32");
  EXPECT_EQ(info["input"]["size"], 64);
}

TEST(Files, ConvertSaysWhatItWrote) {
  const std::string out = fresh_folder() + "/half.safetensors";
  const Outcome outcome = run({{"convert", "--json", nano(), out, "--dtype", "f16"}});
  ASSERT_EQ(outcome.exit_code, 0) << outcome.err;
  const auto json = outcome.json_lines().at(0);
  EXPECT_EQ(json["variant"], "mobileclip_nano");
  EXPECT_EQ(json["form"], "inference");
  EXPECT_EQ(json["dtype"], "f16");
  EXPECT_EQ(json["bytes"], fs::file_size(out));
  EXPECT_EQ(json["source_sha256"].get<std::string>().size(), 64U);
  const std::string small = fresh_folder() + "/small.safetensors";
  EXPECT_EQ(run({{"convert", nano(), small, "--compact", "--licence", "MIT"}}).exit_code, 0);
  EXPECT_LT(fs::file_size(small), fs::file_size(out));
  EXPECT_EQ(run({{"info", "--json", small}}).json_lines().at(0)["form"], "training");
}

TEST(Files, ConvertKeepsBranches) {
  const std::string out = fresh_folder() + "/whole.safetensors";
  const Outcome outcome = run({{"convert", "--json", nano(), out, "--keep-branches"}});
  ASSERT_EQ(outcome.exit_code, 0) << outcome.err;
  EXPECT_EQ(outcome.json_lines().at(0)["form"], "training");
  const auto info = run({{"info", "--json", out}}).json_lines().at(0);
  EXPECT_EQ(info["format"], "safetensors");
  EXPECT_EQ(info["variant"], "mobileclip_nano");
  const auto classify = [](const std::string& model) {
    return run({{"classify", "-m", model, kPhoto, "-l", "a cat", "-l", "a dog", "--json"}}).out;
  };
  EXPECT_EQ(classify(out), classify(nano()));
}

TEST(Files, ConvertRefusesBadInput) {
  const std::string out = fresh_folder() + "/out.safetensors";
  expect_refused(run({{"convert", nano()}}), 2, "IN and OUT");
  expect_refused(run({{"convert", nano(), "out.pt"}}), 2, ".safetensors");
  expect_refused(run({{"convert", nano(), out, "--dtype", "f64"}}), 2, "f64");
  expect_refused(run({{"convert", nano(), out, "--compact", "--dtype", "f16"}}), 2, "--compact");
  expect_refused(run({{"convert", nano(), out, "--dialect", "open_clip"}}), 2, "--keep-branches");
  expect_refused(run({{"convert", nano(), out, "--keep-branches", "--dialect", "x"}}), 2,
                 "open_clip");
  expect_refused(run({{"convert", nano(), out, "--keep-branches", "--dtype", "f16"}}), 2, "types");
  expect_refused(run({{"convert", nano(), out, "--keep-branches", "--dialect", "open_clip"}}), 1,
                 "keeps its own");
  expect_refused(run({{"convert", converted(), out, "--keep-branches"}}), 1, "folded");
  expect_refused(run({{"convert", nano(), out, "--licence", "MIT"}}), 2, "--licence");
  expect_refused(run({{"convert", "/no/such.pt", out}}), 1, "/no/such.pt");
  expect_refused(run({{"convert", kPhoto, out}}), 1, "PNG");
  expect_refused(run({{"convert", nano(), "/no/such/out.safetensors"}}), 1, "/no/such");
  expect_refused(run({{"convert", nano(), out, "--arch", "mobileclip_s0"}}), 1, "mobileclip_s0");
  expect_refused(run({{"convert", converted(), out, "--compact"}}), 1, "folded");
  const std::string torn = fresh_folder() + "/torn.safetensors";
  std::string bytes = read_file(converted());
  bytes[bytes.size() / 2] = static_cast<char>(bytes[bytes.size() / 2] ^ 4);
  write_file(torn, bytes);
  expect_refused(run({{"convert", torn, out}}), 4, "CRC-32");
  expect_refused(run({{"classify", "-m", torn, kPhoto, "-l", "a"}}), 4, "CRC-32");
  expect_refused(run({{"info", torn}}), 4, "CRC-32");
  expect_refused(run({{"verify", torn}}), 4, "CRC-32");
  write_file(torn, read_file(converted()).substr(0, 100'000));
  expect_refused(run({{"classify", "-m", torn, kPhoto, "-l", "a"}}), 4, "truncated");
  EXPECT_FALSE(exists(out));
}

TEST(Files, ModelsListsThem) {
  const Outcome text = run({{"models"}});
  EXPECT_EQ(text.exit_code, 0);
  EXPECT_EQ(text.err, "");
  const auto models = run({{"models", "--json"}}).json_lines().at(0)["models"];
  ASSERT_EQ(models.size(), 25U);
  for (const auto& model : models) {
    EXPECT_NE(text.out.find(model["name"].get<std::string>()), std::string::npos);
    EXPECT_GT(model["gflop"]["image"].get<double>(), 0);
    EXPECT_GT(model["params"]["text"].get<double>(), 0);
  }
  EXPECT_EQ(models[0]["accuracy"]["imagenet1k_top1"], 67.8);
  EXPECT_NEAR(models[0]["gflop"]["image"].get<double>(), 4.75, 0.005);
  EXPECT_TRUE(models[5]["accuracy"].is_null());
  EXPECT_EQ(models[13]["name"], "MobileCLIP2-S0");
  EXPECT_EQ(models[13]["accuracy"]["average_38"], 59.7);
  EXPECT_EQ(models[24]["name"], "ViT-B-16-SigLIP");
  EXPECT_EQ(models[24]["input"]["context"], 64);
  expect_refused(run({{"models", "all"}}), 2, "no words");
}

TEST(Files, VerifyChecksFileAndMachine) {
  for (const std::string& model : {nano(), converted()}) {
    const Outcome outcome = run({{"verify", "--json", model}});
    ASSERT_EQ(outcome.exit_code, 0) << outcome.err << outcome.out;
    const auto json = outcome.json_lines().at(0);
    EXPECT_EQ(json["ok"], true);
    EXPECT_EQ(json["arithmetic"]["weights_equal"], true);
    EXPECT_LE(json["arithmetic"]["image_error"].get<double>(), 2e-6);
    EXPECT_TRUE(json["recorded_sha256"].is_null());
  }
  expect_refused(run({{"verify"}}), 2, "one MODEL");
  expect_refused(run({{"verify", "/no/such"}}), 1, "/no/such");
}

TEST(Files, VerifyComparesWithTheRecord) {
  const std::string folder = fresh_folder();
  fs::copy_file(nano(), folder + "/model.pt");
  const std::string hash =
      run({{"info", "--json", nano()}}).json_lines().at(0)["sha256"].get<std::string>();
  const auto record = [&](const std::string& file, const std::string& sha256) {
    write_file(folder + "/model.licence.json",
               nlohmann::json({{"file", file}, {"sha256", sha256}}).dump());
  };
  record("model.pt", hash);
  const Outcome good = run({{"verify", "--json", folder + "/model.pt"}});
  EXPECT_EQ(good.exit_code, 0) << good.err;
  EXPECT_EQ(good.json_lines().at(0)["recorded_sha256"], hash);
  record("model.pt", std::string(64, '0'));
  expect_refused(run({{"verify", folder + "/model.pt"}}), 4, "recorded");
  record("../model.pt", hash);
  expect_refused(run({{"verify", folder + "/model.pt"}}), 4, "../model.pt");
}

#ifdef MOBILECLIP_FAULT_SHIM

/// Runs a command with its operation number `at` failing; the name of that operation, or empty if
/// it has not as many. With `kill` the program is killed there instead.
std::string run_with_fault(const std::vector<std::string>& words, int at, Outcome& outcome,
                           bool kill = false) {
  const std::string mark = fresh_folder() + "/mark";
  const int error = at % 2 == 0 ? ENOSPC : EIO;
  Invocation what;
  what.arguments = words;
  what.environment = {"LD_PRELOAD=" MOBILECLIP_FAULT_SHIM, "FAULT_AT=" + std::to_string(at),
                      "FAULT_ERRNO=" + std::to_string(error), "FAULT_MARK=" + mark};
  if (kill) what.environment.push_back("FAULT_KILL=1");
  outcome = run(what);
  return exists(mark) ? read_file(mark) : "";
}

/// Sweeps the failing operation to the end. Whenever the command fails, every file of `files` is
/// the old one, whole; when it does not, the new one. Only a failed sync of the folder, after the
/// rename, may leave the new file behind a failure.
void sweep(const std::vector<std::string>& words, const std::vector<std::string>& files) {
  std::vector<std::string> fresh;
  ASSERT_EQ(run({words}).exit_code, 0);
  for (const std::string& file : files) fresh.push_back(read_file(file));
  const std::string folder = fs::path(files[0]).parent_path();
  const std::string old = "the old file\n";
  int failures = 0;
  int at = 1;
  for (;; ++at) {
    for (const std::string& file : files) write_file(file, old);
    Outcome outcome;
    const std::string operation = run_with_fault(words, at, outcome);
    if (operation.empty()) break;
    ASSERT_LT(at, 1000);
    const bool failed = outcome.exit_code != 0;
    failures += failed ? 1 : 0;
    if (failed) {
      EXPECT_EQ(outcome.exit_code, 1) << operation << " " << at << ": " << outcome.err;
      EXPECT_EQ(std::count(outcome.err.begin(), outcome.err.end(), '\n'), 1) << outcome.err;
      EXPECT_EQ(outcome.out, "");
    }
    bool all_fresh = true, all_old = true;
    for (size_t i = 0; i < files.size(); ++i) {
      const std::string now = read_file(files[i]);
      EXPECT_TRUE(now == old || now == fresh[i]) << files[i] << " is a mix after " << operation;
      all_fresh = all_fresh && now == fresh[i];
      all_old = all_old && now == old;
    }
    EXPECT_TRUE(all_fresh || all_old) << "old files beside new ones after " << operation << at;
    EXPECT_TRUE(failed || all_fresh) << operation << " " << at << " failed unnoticed";
    EXPECT_TRUE(all_old || !failed || operation == "fsync") << operation << " " << at;
    const auto count = std::distance(fs::directory_iterator(folder), fs::directory_iterator());
    EXPECT_EQ(static_cast<size_t>(count), files.size()) << "left over after " << operation;
  }
  EXPECT_GE(failures, 4) << "write, fsync, rename and sync of the folder at least";
  for (size_t i = 0; i < files.size(); ++i) EXPECT_EQ(read_file(files[i]), fresh[i]);
}

// Killed before each of its operations in turn, also when an earlier run left errors.
TEST(Faults, AnEmbeddingFileThatIsThereHasItsOwnIds) {
  const std::string folder = fresh_folder(), out = folder + "/out.npy";
  const std::vector<std::string> names = {out, folder + "/out.ids.txt",
                                          folder + "/out.errors.jsonl"};
  const auto embed = [&](const std::vector<std::string>& images) {
    std::vector<std::string> words = {"embed", "-q", "-t", "1", "-m", nano(), "-o", out};
    words.emplace_back("--images");
    words.insert(words.end(), images.begin(), images.end());
    return words;
  };
  const auto files_now = [&] {
    std::vector<std::string> now;
    for (const std::string& name : names) now.push_back(exists(name) ? read_file(name) : "none");
    return now;
  };
  ASSERT_EQ(run({embed({kPhoto, "/no/such.png"})}).exit_code, 3);
  const auto old = files_now();
  const std::vector<std::string> words = embed({MOBILECLIP_EXAMPLES "/openmoji-dog.png"});
  ASSERT_EQ(run({words}).exit_code, 0);
  const auto fresh = files_now();
  ASSERT_EQ(fresh[2], "none");
  int missing = 0;
  for (int at = 1;; ++at) {
    ASSERT_LT(at, 1000);
    for (const auto& entry : fs::directory_iterator(folder)) fs::remove(entry.path());
    for (size_t i = 0; i < names.size(); ++i) write_file(names[i], old[i]);
    Outcome outcome;
    const std::string operation = run_with_fault(words, at, outcome, true);
    if (operation.empty()) break;
    EXPECT_EQ(outcome.exit_code, -1);
    if (exists(out)) {
      EXPECT_TRUE(files_now() == old || files_now() == fresh) << operation << " " << at;
    } else {
      ++missing;
    }
  }
  EXPECT_EQ(files_now(), fresh);
  EXPECT_GT(missing, 0);
  EXPECT_EQ(std::distance(fs::directory_iterator(folder), fs::directory_iterator()), 2);
}

TEST(Faults, ConvertLeavesTheOldFileOrTheNewOne) {
  const std::string out = fresh_folder() + "/out.safetensors";
  sweep({"convert", nano(), out, "-t", "1"}, {out});
}

TEST(Faults, EmbedLeavesOldFilesOrNewOnes) {
  const std::string folder = fresh_folder();
  sweep({"embed", "-m", nano(), "-t", "1", "-o", folder + "/out.jsonl", "--texts", "a", "b"},
        {folder + "/out.jsonl"});
  const std::string other = fresh_folder();
  sweep({"embed", "-m", nano(), "-t", "1", "-o", other + "/out.npy", "--texts", "a", "b"},
        {other + "/out.npy", other + "/out.ids.txt"});
}

#endif

}  // namespace
}  // namespace mobileclip::test
