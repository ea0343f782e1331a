// reinforce embed | verify | captions: reinforced datasets.
#include <fmt/format.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <csignal>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "base/atomic_file.h"
#include "base/mapped_file.h"
#include "cli/command.h"
#include "data/shard_writer.h"
#include "reinforce/reinforce.h"

namespace mobileclip::cli {
namespace {

std::atomic<bool> stop_flag{false};

void on_signal(int) { stop_flag.store(true); }

std::vector<std::string> shards_of(const Arguments& arguments) {
  std::vector<std::string> out;
  for (size_t i = 1; i < arguments.positional().size(); ++i) {
    const std::vector<std::string> some = expand_shards(arguments.positional()[i]);
    out.insert(out.end(), some.begin(), some.end());
  }
  if (out.empty()) throw UsageError("reinforce: no SHARDS");
  return out;
}

std::string out_of(const Arguments& arguments) {
  if (!arguments.has("output")) throw UsageError("reinforce: -o DIR is needed");
  return arguments.one("output");
}

ReinforceOptions options_of(const Arguments& arguments) {
  ReinforceOptions options;
  options.augmentations = static_cast<size_t>(arguments.number("augmentations", 5, 1, 1000));
  options.policy.ops = arguments.number("ops", 2, 0, 10);
  options.policy.scale_low = arguments.number("min-area", 8, 1, 100) / 100.0;
  options.seed = static_cast<uint64_t>(arguments.number("seed", 0, 0, 1 << 30));
  options.images = !arguments.has("no-images");
  const std::string format = arguments.one("format", "npz");
  if (format != "npz" && format != "pth.gz") {
    throw UsageError(fmt::format("--format {}: npz or pth.gz is needed", quote(format)));
  }
  if (format == "pth.gz") options.format = EmbeddingFormat::kPthGzBfloat16;
  return options;
}

/// What a reader of the dataset must know: the teachers in the order of their columns.
void write_about(const std::string& folder, const Arguments& arguments, const Teachers& teachers,
                 const ReinforceOptions& options) {
  nlohmann::ordered_json about;
  about["teachers"] = nlohmann::json::array();
  for (size_t i = 0; i < teachers.dims().size(); ++i) {
    about["teachers"].push_back(
        {{"file", std::filesystem::path(arguments.all("teacher")[i]).filename().string()},
         {"dim", teachers.dims()[i]}});
  }
  about["augmentations"] = options.augmentations;
  about["scale"] = {options.policy.scale_low, options.policy.scale_high};
  about["ops"] = options.policy.ops;
  about["seed"] = options.seed;
  AtomicFile file(folder + "/reinforcement.json");
  file.write(about.dump(2) + "\n");
  file.commit();
}

ExitCode embed(const Arguments& arguments, Output& out) {
  const Settings settings = settings_of(arguments);
  const std::vector<std::string> shards = shards_of(arguments);
  const std::string folder = out_of(arguments);
  const ReinforceOptions options = options_of(arguments);
  if (!arguments.has("teacher")) throw UsageError("reinforce embed: --teacher MODEL is needed");
  std::signal(SIGINT, on_signal);
  std::signal(SIGTERM, on_signal);
  ThreadPool pool(settings.threads);
  Teachers teachers(arguments.all("teacher"), pool);
  std::filesystem::create_directories(folder);
  const auto begin = std::chrono::steady_clock::now();
  auto shown = begin;
  const auto progress = [&](uint64_t records) {
    const auto time = std::chrono::steady_clock::now();
    if (settings.quiet || time - shown < std::chrono::seconds(10)) return;
    shown = time;
    const double seconds = std::chrono::duration<double>(time - begin).count();
    message(fmt::format("{} records, {:.0f} views/s", records,
                        static_cast<double>(records * options.augmentations) / seconds));
  };
  const ReinforceReport report =
      reinforce_shards(shards, folder, teachers, options, progress, stop_flag, pool);
  write_about(folder, arguments, teachers, options);
  out.line(fmt::format("{} records in {} shards; {} shards were there; {} records rejected",
                       report.records, report.shards, report.shards_done_before, report.rejected));
  if (stop_flag.load()) return kFailure;
  if (report.rejected == 0) return kOk;
  return report.records == 0 ? kFailure : kSomeFailed;
}

ExitCode verify(const Arguments& arguments, Output& out) {
  const Settings settings = settings_of(arguments);
  const std::vector<std::string> shards = shards_of(arguments);
  if (!arguments.has("teacher")) throw UsageError("reinforce verify: --teacher MODEL is needed");
  ThreadPool pool(settings.threads);
  Teachers teachers(arguments.all("teacher"), pool);
  const auto sample = static_cast<size_t>(arguments.number("sample", 16, 1, 1 << 30));
  const VerifyReport report = verify_shards(shards, teachers, sample);
  const double limit = arguments.one("format", "npz") == "npz" ? 1 - 1e-6 : 0.9999;
  out.line(fmt::format(
      "{} records, {} views, {} captions; lowest cosine {:.9f} (views), {:.9f} (captions)",
      report.records, report.views, report.captions, report.worst_view, report.worst_caption));
  if (std::min(report.worst_view, report.worst_caption) > limit && report.records > 0) return kOk;
  message(fmt::format("the stored embeddings are not these teachers': record {}",
                      quote(report.worst_key)));
  return kIntegrity;
}

/// Lines {"key": …, "captions": […]}.
std::map<std::string, std::vector<std::string>> read_caption_file(const std::string& path) {
  std::map<std::string, std::vector<std::string>> out;
  size_t number = 0;
  for (const std::string& line : read_lines(path)) {
    ++number;
    const auto row = nlohmann::json::parse(line, nullptr, false);
    if (line.empty()) continue;
    try {
      out[row.at("key").get<std::string>()] = row.at("captions").get<std::vector<std::string>>();
    } catch (const std::exception&) {
      fail(ErrorCode::kInvalidArgument, "{}:{}: {{\"key\": …, \"captions\": […]}} is needed", path,
           number);
    }
  }
  return out;
}

ExitCode captions(const Arguments& arguments, Output& out) {
  const std::vector<std::string> shards = shards_of(arguments);
  const std::string folder = out_of(arguments);
  if (!arguments.has("from")) throw UsageError("reinforce captions: --from FILE.jsonl is needed");
  const auto texts = read_caption_file(arguments.one("from"));
  const std::string name = arguments.one("name", "syn_text");
  std::filesystem::create_directories(folder);
  size_t records = 0, without = 0;
  for (const std::string& shard : shards) {
    const std::string to =
        (std::filesystem::path(folder) / std::filesystem::path(shard).filename()).string();
    if (std::filesystem::exists(to)) continue;
    ShardReader reader(shard);
    ShardWriter writer(to);
    while (const std::optional<Sample> sample = reader.next()) {
      Record record = parse_record(*sample);
      record.reinforcement.reset();  // its rows would not fit the new captions
      const auto found = texts.find(record.key);
      ++records;
      if (found == texts.end()) {
        ++without;
      } else {
        record.synthetic[name] = found->second;
      }
      writer.add(make_sample(record, EmbeddingFormat::kNpzFloat32));
    }
    writer.finish();
  }
  out.line(fmt::format("{} records, {} without captions", records, without));
  return without == 0 ? kOk : without == records ? kFailure : kSomeFailed;
}

ExitCode run(const Arguments& arguments, Output& out) {
  const std::string verb = arguments.positional().empty() ? "" : arguments.positional()[0];
  if (verb == "embed") return embed(arguments, out);
  if (verb == "verify") return verify(arguments, out);
  if (verb == "captions") return captions(arguments, out);
  throw UsageError("reinforce: embed, verify or captions is needed (--help)");
}

}  // namespace

Command reinforce_command() {
  return {"reinforce",
          "embed|verify|captions SHARDS...",
          "stores teachers' embeddings and captions with the records of a dataset",
          {{"teacher", '\0', Arity::kEach, "MODEL", "embed, verify: a checkpoint; in column order"},
           {"output", 'o', Arity::kOne, "DIR", "embed, captions: folder of the new shards"},
           {"augmentations", '\0', Arity::kOne, "N", "embed: views per record (5)"},
           {"min-area", '\0', Arity::kOne, "PERCENT", "embed: smallest crop (8)"},
           {"ops", '\0', Arity::kOne, "N", "embed: RandAugment operations per view (2)"},
           {"seed", '\0', Arity::kOne, "N", "embed: of the views"},
           {"format", '\0', Arity::kOne, "FORMAT", "npz (float32) or pth.gz (bfloat16)"},
           {"no-images", '\0', Arity::kFlag, "", "embed: leave the images out"},
           {"sample", '\0', Arity::kOne, "N", "verify: records per shard (16)"},
           {"from", '\0', Arity::kOne, "FILE", "captions: lines {\"key\":…, \"captions\":[…]}"},
           {"name", '\0', Arity::kOne, "KEY", "captions: their key in syn.json (syn_text)"}},
          run};
}

}  // namespace mobileclip::cli
