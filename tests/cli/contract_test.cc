// What the commands promise.
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <sstream>

#include "program.h"

namespace mobileclip::test {
namespace {

std::string line(const std::string& text, size_t number) {
  std::istringstream lines(text);
  std::string out;
  for (size_t i = 0; i <= number; ++i) std::getline(lines, out);
  return out;
}

TEST(ContractNoModel, HelpAndVersion) {
  for (const char* command : {"classify", "embed", "tokenize", "preprocess", "info", "models",
                              "download", "convert", "verify", "bench"}) {
    const Outcome help = run({{command, "--help"}});
    EXPECT_EQ(help.exit_code, 0);
    EXPECT_NE(help.out.find(std::string("usage: mobileclip ") + command), std::string::npos);
    EXPECT_EQ(help.out.find(" \n"), std::string::npos) << help.out;
    const size_t threads = help.out.find("--threads");
    EXPECT_EQ(help.out.find("--threads", threads + 1), std::string::npos) << help.out;
    EXPECT_EQ(help.err, "");
  }
  EXPECT_EQ(run({{"--help"}}).exit_code, 0);
  const Outcome version = run({{"--version"}});
  EXPECT_EQ(version.exit_code, 0);
  for (const char* part :
       {"mobileclip ", "libjpeg-turbo", "libpng", "libwebp", "instruction set"}) {
    EXPECT_NE(version.out.find(part), std::string::npos) << part;
  }
  const Outcome scalar = run({{"--version"}, "", {"MOBILECLIP_ISA=scalar"}});
  EXPECT_NE(scalar.out.find("instruction set: scalar"), std::string::npos);
}

// bfloat16 where there is AMX, a sentence where there is not; never silently.
TEST(ContractNoModel, PrecisionIsAskedForAndSaid) {
  const std::string picture = MOBILECLIP_EXAMPLES "/openmoji-dog.png";
  const auto classify = [&](const std::string& precision, const std::string& isa) {
    std::vector<std::string> environment;
    if (!isa.empty()) environment.push_back("MOBILECLIP_ISA=" + isa);
    return run(
        {{"classify", picture, "-l", "a dog", "-l", "a cat", "--json", "--precision", precision},
         "",
         environment});
  };
  const Outcome unknown = classify("int8", "");
  EXPECT_EQ(unknown.exit_code, 2);
  EXPECT_NE(unknown.err.find("f32 or bf16"), std::string::npos);
  const Outcome refused = classify("bf16", "scalar");
  EXPECT_EQ(refused.exit_code, 1);
  EXPECT_NE(refused.err.find("needs a processor with AMX; the instruction set in use is scalar"),
            std::string::npos);
  EXPECT_EQ(refused.out, "");
  if (run({{"--version"}}).out.find("instruction set: amx") == std::string::npos) return;
  const Outcome exact = classify("f32", "amx"), rounded = classify("bf16", "amx");
  ASSERT_EQ(rounded.exit_code, 0) << rounded.err;
  EXPECT_NE(rounded.err.find("computing in bfloat16"), std::string::npos);
  EXPECT_EQ(exact.err, "");
  const double a = exact.json_lines().at(0)["labels"][0]["cosine"];
  const double b = rounded.json_lines().at(0)["labels"][0]["cosine"];
  EXPECT_NE(a, b);
  EXPECT_NEAR(a, b, 2e-3);
  const Outcome bench = run({{"bench", "--precision", "bf16", "--runs", "1", "-t", "1", "--json"}});
  ASSERT_EQ(bench.exit_code, 0) << bench.err;
  const auto report = bench.json_lines().at(0);
  EXPECT_EQ(report["results"][0]["precision"], "bf16");
  for (const char* tower : {"image_cosine_to_f32", "text_cosine_to_f32"}) {
    EXPECT_GT(report[tower]["least"], 0.999);
    EXPECT_LT(report[tower]["mean"], 1 - 1e-9);
  }
}

TEST(ContractNoModel, BenchMeasuresWhatItIsAskedTo) {
  const Outcome outcome = run({{"bench", "--arch", "mobileclip_nano", "--synthetic", "--threads",
                                "1,2", "--batch", "1,3", "--runs", "1", "--json"}});
  ASSERT_EQ(outcome.exit_code, 0) << outcome.err;
  const auto report = outcome.json_lines().at(0);
  EXPECT_GT(report["fma_peak_gflops"], 0.01);
  EXPECT_GT(report["vm_hwm_mib"], 1);
  ASSERT_EQ(report["results"].size(), 8U);
  const auto& row = report["results"][3];
  EXPECT_EQ(row["tower"], "image");
  EXPECT_EQ(row["threads"], 2);
  EXPECT_EQ(row["batch"], 3);
  EXPECT_GT(row["median_ms"], 0);
  EXPECT_GE(row["p95_ms"], row["median_ms"]);
  EXPECT_NEAR(row["items_per_s"], 3e3 / row["median_ms"].get<double>(),
              0.01 * row["items_per_s"].get<double>());
  EXPECT_GT(row["gflops"], 0);
  EXPECT_EQ(report["results"][7]["tower"], "text");
  const Outcome text = run({{"bench", "--arch", "mobileclip_nano", "--synthetic", "--tokens", "4",
                             "--runs", "1", "-t", "1", "-b", "1"}});
  EXPECT_EQ(text.exit_code, 0);
  EXPECT_NE(text.out.find("mobileclip_nano"), std::string::npos);
  for (const char* tower : {"image", "text"}) {
    const Outcome one =
        run({{"bench", "--tower", tower, "--runs", "1", "-t", "1", "--json"}, "", {}});
    ASSERT_EQ(one.exit_code, 0) << one.err;
    ASSERT_EQ(one.json_lines().at(0)["results"].size(), 1U);
    EXPECT_EQ(one.json_lines().at(0)["results"][0]["tower"], tower);
  }
  // GFLOP/s of short texts; time, share and GFLOP/s of each part.
  const Outcome layers = run({{"bench", "--arch", "mobileclip_nano", "--synthetic", "--tokens", "4",
                               "--runs", "1", "-t", "1", "--layers", "--json"}});
  for (const auto& result : layers.json_lines().at(0)["results"]) {
    EXPECT_GT(result["gflops"], 0);
    double share = 0;
    for (const auto& layer : result["layers"]) {
      EXPECT_GT(layer["gflops"], 0) << layer["name"];
      share += layer["share"].get<double>();
    }
    EXPECT_NEAR(share, 1, 0.01);
    EXPECT_EQ(result["layers"].back()["name"], "head");
  }
  for (const std::vector<std::string>& bad : {std::vector<std::string>{"--threads", "1,"},
                                              {"--threads", "0"},
                                              {"--batch", "1,x"},
                                              {"--batch", ""},
                                              {"--synthetic"},
                                              {"--precision", "int8"},
                                              {"--tokens", "1"},
                                              {"--tower", "audio"},
                                              {"word"}}) {
    std::vector<std::string> words = {"bench"};
    words.insert(words.end(), bad.begin(), bad.end());
    EXPECT_EQ(run({words}).exit_code, 2) << bad[0];
  }
}

TEST(ContractNoModel, TokenizeArgumentsLinesAndJson) {
  EXPECT_EQ(run({{"tokenize", "a cat", "A  CAT"}}).out,
            "[49406,320,2368,49407]\n[49406,320,2368,49407]\n");
  EXPECT_EQ(run({{"tokenize"}, "a cat\r\n\na"}).out,
            "[49406,320,2368,49407]\n[49406,49407]\n[49406,320,49407]\n");
  // A lone surrogate is U+FFFD; a pair is one character.
  const Outcome lone =
      run({{"tokenize", "--jsonl"}, "\"\\ud83d\"\n\"\\ufffd\"\n\"\\ud83d\\ude00\"\n\"😀\"\n"});
  EXPECT_EQ(lone.exit_code, 0);
  const auto lines = lone.json_lines();
  ASSERT_EQ(lines.size(), 4u);
  EXPECT_EQ(lines[0], lines[1]);
  EXPECT_EQ(lines[2], lines[3]);
  EXPECT_NE(lines[0], lines[2]);
}

TEST(ContractNoModel, LongTextIsCutWithAWarning) {
  std::string text;
  for (int i = 0; i < 100; ++i) text += "cat ";
  const Outcome outcome = run({{"tokenize", text}});
  EXPECT_EQ(outcome.exit_code, 0);
  EXPECT_EQ(outcome.json_lines()[0].size(), 77u);
  EXPECT_EQ(outcome.json_lines()[0].back(), 49407);
  EXPECT_NE(outcome.err.find("cut to 77"), std::string::npos);
  EXPECT_EQ(run({{"-q", "tokenize", text}}).err, "");
}

TEST(ContractNoModel, PreprocessWritesPixelsAndFloats) {
  const std::string folder = fresh_folder();
  EXPECT_EQ(run({{"preprocess", kPhoto, "-o", folder + "/a.png"}}).exit_code, 0);
  EXPECT_EQ(run({{"preprocess", "-o", folder + "/a.npy", "--size", "32", kPhoto}}).exit_code, 0);
  EXPECT_TRUE(read_file(folder + "/a.png").starts_with("\x89PNG"));
  const std::string npy = read_file(folder + "/a.npy");
  EXPECT_EQ(npy.size(), 128 + 3 * 32 * 32 * sizeof(float));
  EXPECT_NE(npy.find("(3, 32, 32)"), std::string::npos);
  // The variant's own contract: 224 for the ViT.
  EXPECT_EQ(
      run({{"preprocess", kPhoto, "-o", folder + "/b.npy", "--arch", "MobileCLIP_B"}}).exit_code,
      0);
  EXPECT_NE(read_file(folder + "/b.npy").find("(3, 224, 224)"), std::string::npos);
  const Outcome from_stdin = run({{"preprocess", "-", "-o", folder + "/c.png"}, read_file(kPhoto)});
  EXPECT_EQ(from_stdin.exit_code, 0) << from_stdin.err;
  EXPECT_EQ(read_file(folder + "/c.png"), read_file(folder + "/a.png"));
}

TEST(ContractNoModel, InfoListsTensorsOfAnyCheckpoint) {
  const std::string data = MOBILECLIP_TEST_DATA "/checkpoint/";
  const auto expected = nlohmann::json::parse(read_file(data + "expected.json"));
  for (const auto& [file, entry] : expected.items()) {
    const Outcome outcome = run({{"info", "--tensors", "--values", data + file}});
    if (!entry["accept"].get<bool>()) {
      EXPECT_NE(outcome.exit_code, 0) << file;
      EXPECT_EQ(outcome.out, "") << file;
      continue;
    }
    ASSERT_EQ(outcome.exit_code, 0) << file << outcome.err;
    const auto tensors = nlohmann::json::parse(outcome.out)["tensors"];
    EXPECT_EQ(tensors.size(), entry["tensors"].size()) << file;
    for (const auto& [name, tensor] : entry["tensors"].items()) {
      ASSERT_TRUE(tensors.contains(name)) << file << " " << name;
      EXPECT_EQ(tensors[name]["dtype"], tensor["dtype"]) << file << " " << name;
      EXPECT_EQ(tensors[name]["shape"], tensor["shape"]) << file << " " << name;
      const auto& ours = tensors[name]["values"];
      const auto& theirs = tensor["values"];
      ASSERT_EQ(ours.size(), theirs.size()) << file << " " << name;
      for (size_t i = 0; i < ours.size(); ++i) {
        if (theirs[i].is_number_float() && tensor["dtype"] == "float32") {
          EXPECT_EQ(ours[i].get<float>(), theirs[i].get<float>()) << file << " " << name;
        } else if (theirs[i].is_boolean()) {
          EXPECT_EQ(ours[i].get<int>(), theirs[i].get<bool>() ? 1 : 0) << file << " " << name;
        } else {
          EXPECT_EQ(ours[i].get<double>(), theirs[i].get<double>()) << file << " " << name;
        }
      }
    }
  }
}

TEST(ContractWithModel, ClassifyTextAndJson) {
  const Invocation text{
      {"classify", kPhoto, "-m", kModel, "-l", "a dog", "-l", "a cat", "--label=a map"}};
  const Outcome outcome = run(text);
  ASSERT_EQ(outcome.exit_code, 0) << outcome.err;
  EXPECT_EQ(line(outcome.out, 0), kPhoto);
  EXPECT_TRUE(line(outcome.out, 1).find(" %  a ") == 8) << outcome.out;
  const Outcome json = run({{"--json", "classify", "-m", kModel, kPhoto, "-l", "a dog", "-l",
                             "a cat", "-l", "a map", "--top", "2", "-t", "1", "-b", "1"}});
  ASSERT_EQ(json.exit_code, 0) << json.err;
  const auto labels = json.json_lines()[0]["labels"];
  ASSERT_EQ(labels.size(), 2u);
  EXPECT_GE(labels[0]["probability"].get<double>(), labels[1]["probability"].get<double>());
  EXPECT_GE(labels[0]["cosine"].get<double>(), labels[1]["cosine"].get<double>());
  EXPECT_NE(line(outcome.out, 1).find(labels[0]["label"].get<std::string>()), std::string::npos);
}

TEST(ContractWithModel, LabelFilesAndTemplates) {
  const std::string folder = fresh_folder();
  write_file(folder + "/labels",
             "\xef\xbb\xbf"
             "a dog\r\n\r\n\na cat");
  const Outcome file =
      run({{"classify", kPhoto, "-m", kModel, "--json", "--labels-file", folder + "/labels",
            "--template", "a photo of {}", "--template", "{}"}});
  ASSERT_EQ(file.exit_code, 0) << file.err;
  const nlohmann::json labels = file.json_lines()[0]["labels"];
  ASSERT_EQ(labels.size(), 2u);
  double sum = 0;
  for (const auto& label : labels) sum += label["probability"].get<double>();
  EXPECT_NEAR(sum, 1, 1e-12);
}

TEST(ContractWithModel, RowsDoNotDependOnBatchThreadsOrNeighbours) {
  const std::string folder = fresh_folder();
  std::vector<std::string> outputs;
  for (const auto& [threads, batch] : {std::pair{"1", "1"}, {"2", "3"}, {"4", "8"}}) {
    const std::string out = folder + "/" + threads + batch + ".npy";
    const Outcome outcome = run({{"embed", "-m", kModel, "-t", threads, "-b", batch, "-o", out,
                                  "--images", kPhoto, kPhoto, kPhoto, kPhoto, kPhoto}});
    ASSERT_EQ(outcome.exit_code, 0) << outcome.err;
    outputs.push_back(read_file(out));
  }
  EXPECT_EQ(outputs[0], outputs[1]);
  EXPECT_EQ(outputs[0], outputs[2]);
  EXPECT_EQ(outputs[0].size(), 128 + 5 * 512 * sizeof(float));
  // A PNG has no smaller size to decode at; -v says where the time went.
  const Outcome fast = run({{"embed", "-v", "-m", kModel, "-t", "1", "-o", folder + "/fast.npy",
                             "--fast-decode", "--images", kPhoto, kPhoto, kPhoto, kPhoto, kPhoto}});
  ASSERT_EQ(fast.exit_code, 0) << fast.err;
  EXPECT_EQ(read_file(folder + "/fast.npy"), outputs[0]);
  EXPECT_NE(fast.err.find("5 images in "), std::string::npos) << fast.err;
  EXPECT_NE(fast.err.find(" images/s; of the threads' time: decode "), std::string::npos);
  const std::string first = outputs[0].substr(128, 2048);
  EXPECT_EQ(outputs[0].substr(128 + 2048, 2048), first);
}

TEST(ContractWithModel, EmbedWritesIdsErrorsAndJsonLines) {
  const std::string folder = fresh_folder();
  write_file(folder + "/bad.png", "x");
  const Outcome npy = run(
      {{"embed", "-m", kModel, "-o", folder + "/o.npy", "--images", kPhoto, folder + "/bad.png"}});
  EXPECT_EQ(npy.exit_code, 3) << npy.err;
  EXPECT_EQ(read_file(folder + "/o.ids.txt"), "\"" + kPhoto + "\"\n");
  EXPECT_NE(read_file(folder + "/o.errors.jsonl").find("\"decode\""), std::string::npos);
  EXPECT_NE(read_file(folder + "/o.npy").find("(1, 512)"), std::string::npos);
  EXPECT_EQ(run({{"embed", "-m", kModel, "-o", folder + "/o.npy", "--images", kPhoto}}).exit_code,
            0);
  EXPECT_FALSE(exists(folder + "/o.errors.jsonl"));
  const Outcome texts = run({{"embed", "-m", kModel, "--output", folder + "/t.jsonl",
                              "--no-normalize", "--texts", "-dash", "", "a cat"}});
  ASSERT_EQ(texts.exit_code, 0) << texts.err;
  std::istringstream lines(read_file(folder + "/t.jsonl"));
  std::vector<std::string> ids;
  for (std::string text; std::getline(lines, text);) {
    const auto row = nlohmann::json::parse(text);
    ids.push_back(row["id"]);
    EXPECT_EQ(row["embedding"].size(), 512u);
  }
  EXPECT_EQ(ids, (std::vector<std::string>{"-dash", "", "a cat"}));
  write_file(folder + "/texts", "a\n\nb\n");
  EXPECT_EQ(
      run({{"embed", "-m", kModel, "-o", folder + "/f.npy", "--text-file", folder + "/texts"}})
          .exit_code,
      0);
  EXPECT_NE(read_file(folder + "/f.npy").find("(3, 512)"), std::string::npos);
}

TEST(ContractWithModel, NamesOfAnyBytes) {
  const std::string folder = fresh_folder();
  const std::vector<std::string> names = {"-dash.png", "a b.png", "new\nline.png", "quote\"'.png",
                                          "bad\xff\xfe.png"};
  for (const std::string& name : names) {
    std::filesystem::copy_file(kPhoto, folder + "/" + name);
  }
  const Outcome all = run({{"classify", "-m", kModel, "--json", "-l", "a", folder}});
  ASSERT_EQ(all.exit_code, 0) << all.err;
  EXPECT_NE(all.out.find("bad\\udcff\\udcfe.png"), std::string::npos);
  EXPECT_NE(all.out.find("new\\nline.png"), std::string::npos);
  EXPECT_EQ(std::ranges::count(all.out, '\n'), 5);
  const Outcome dash = run(
      {{"classify", "-m", kModel, "-l", "-x", "--", "-dash.png"}, "", {}, "cd '" + folder + "';"});
  EXPECT_EQ(dash.exit_code, 0) << dash.err;
  EXPECT_EQ(line(dash.out, 0), "-dash.png");
}

TEST(ContractWithModel, FoldersAreSortedAndOthersSkipped) {
  const std::string folder = fresh_folder();
  std::filesystem::create_directories(folder + "/b/c");
  for (const char* name : {"/z.png", "/b/a.png", "/b/c/x.dat"}) {
    std::filesystem::copy_file(kPhoto, folder + name);
  }
  write_file(folder + "/readme.txt", "text");
  std::filesystem::create_directory_symlink(folder + "/b", folder + "/link");
  const Outcome outcome = run({{"classify", "-m", kModel, "--json", "-l", "a", folder}});
  ASSERT_EQ(outcome.exit_code, 0) << outcome.err;
  std::vector<std::string> files;
  for (const auto& item : outcome.json_lines()) files.push_back(item["file"]);
  EXPECT_EQ(files, (std::vector<std::string>{folder + "/b/a.png", folder + "/b/c/x.dat",
                                             folder + "/z.png"}));
  EXPECT_NE(outcome.err.find("skipped 1 "), std::string::npos);
}

TEST(ContractWithModel, InfoAndNamedModels) {
  const Outcome json = run({{"info", "--json", "-v", kModel}});
  ASSERT_EQ(json.exit_code, 0) << json.err;
  const auto info = json.json_lines()[0];
  EXPECT_EQ(info["variant"], "mobileclip_s0");
  EXPECT_EQ(info["input"]["size"], 256);
  EXPECT_EQ(info["tensors_total"], 893);
  EXPECT_EQ(info["sha256"].get<std::string>().size(), 64u);
  EXPECT_GT(info["folded"].size(), 50u);
  const std::string home = fresh_folder();
  std::filesystem::create_symlink(kModel, home + "/my_model.pt");
  const Outcome named =
      run({{"classify", kPhoto, "-l", "a", "-m", "my_model"}, "", {"MOBILECLIP_HOME=" + home}});
  EXPECT_EQ(named.exit_code, 0) << named.err;
  const Outcome shown = run({{"info", "--json", "my_model"}, "", {"MOBILECLIP_HOME=" + home}});
  ASSERT_EQ(shown.exit_code, 0) << shown.err;
  EXPECT_EQ(shown.json_lines()[0]["sha256"], info["sha256"]);
  const Outcome variable =
      run({{"classify", kPhoto, "-l", "a"}, "", {"MOBILECLIP_MODEL=" + kModel}});
  EXPECT_EQ(variable.exit_code, 0) << variable.err;
}

}  // namespace
}  // namespace mobileclip::test
