// eval run: the evaluation itself, its progress and its file of results.
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <chrono>
#include <filesystem>
#include <optional>

#include "base/mapped_file.h"
#include "cli/cmd_eval.h"
#include "cli/weights_hash.h"
#include "eval/class_files.h"
#include "eval/evaluation.h"

namespace mobileclip::cli {
namespace {

using eval::DatasetFiles;
using eval::ResultRow;

constexpr size_t kMaxList = size_t{64} << 20;

/// On a terminal one line that changes; elsewhere a line every ten seconds.
class EvalLine {
 public:
  explicit EvalLine(bool quiet) : quiet_(quiet), terminal_(::isatty(STDERR_FILENO) == 1) {}

  void start(size_t number, size_t of, std::string name) {
    head_ = fmt::format("{} of {}: {}", number, of, name);
    begun_ = shown_ = Clock::now();
    stage_.clear();
  }

  void update(const eval::EvalProgress& progress) {
    const Clock::time_point now = Clock::now();
    if (stage_ != progress.what || progress.done < last_) {
      stage_ = progress.what;
      begun_ = now;
      first_ = progress.done;
    }
    last_ = progress.done;
    const auto interval = terminal_ ? std::chrono::milliseconds(200) : std::chrono::seconds(10);
    if (quiet_ || now - shown_ < interval) return;
    shown_ = now;
    const double seconds = std::chrono::duration<double>(now - begun_).count();
    const std::string text = describe(progress, seconds);
    if (!terminal_) {
      message(text);
      return;
    }
    const std::string line = "\r\033[K" + text;
    open_ = ::write(STDERR_FILENO, line.data(), line.size()) > 0;
  }

  /// Before anything else is said.
  void finish() {
    if (open_) open_ = ::write(STDERR_FILENO, "\r\033[K", 4) < 0;
  }

 private:
  using Clock = std::chrono::steady_clock;

  std::string describe(const eval::EvalProgress& progress, double seconds) const {
    std::string out = fmt::format("{}: {} {}", head_, progress.done, progress.what);
    if (progress.total > 0) out += fmt::format(" of {}", progress.total);
    const double rate = seconds > 0 ? static_cast<double>(progress.done - first_) / seconds : 0;
    if (rate > 0) {
      out += fmt::format(", {:.1f}/s", rate);
      if (progress.total > progress.done) {
        out += fmt::format(", {:.0f} s left",
                           static_cast<double>(progress.total - progress.done) / rate);
      }
    }
    if (progress.accuracy) out += fmt::format(", acc1 {:.2f} %", 100 * *progress.accuracy);
    return out;
  }

  bool quiet_, terminal_, open_ = false;
  std::string head_, stage_;
  uint64_t first_ = 0, last_ = 0;
  Clock::time_point begun_, shown_;
};

struct Part {
  uint64_t index, count;
};

/// --shards I/N.
std::optional<Part> part_of(const Arguments& arguments) {
  if (!arguments.has("shards")) return std::nullopt;
  const std::string word = arguments.one("shards");
  Part part{};
  const char* const end = word.data() + word.size();
  const auto first = std::from_chars(word.data(), end, part.index);
  const bool slash = first.ec == std::errc() && first.ptr != end && *first.ptr == '/';
  const auto second = slash ? std::from_chars(first.ptr + 1, end, part.count) : first;
  if (!slash || second.ec != std::errc() || second.ptr != end || part.index >= part.count) {
    throw UsageError(fmt::format("--shards {}: I/N is needed, I from 0 to N-1", quote(word)));
  }
  return part;
}

eval::EvalOptions options_of(const Arguments& arguments, const Settings& settings) {
  precision_of(arguments);  // refused before anything is read
  eval::EvalOptions options;
  options.protocol = arguments.one("protocol", "datacomp");
  if (options.protocol != "datacomp" && options.protocol != "datacomp-1.4") {
    throw UsageError(
        fmt::format("--protocol {}: datacomp or datacomp-1.4", quote(options.protocol)));
  }
  options.limit = static_cast<uint64_t>(arguments.number("limit", 0, 1, 1 << 30));
  options.embed.batch = settings.batch;
  options.embed.skip_bad = arguments.has("skip-bad");
  const std::filesystem::path beside =
      std::filesystem::path(arguments.one("out")).parent_path() / "eval-cache";
  options.embed.cache = arguments.one("cache", beside.string());
  return options;
}

/// Replaces the dataset's own lists where the command line gives others.
void apply_lists(const Arguments& arguments, DatasetFiles& dataset) {
  const auto replace = [&](const char* option, const char* file, std::vector<std::string>& list) {
    if (!arguments.has(option)) return;
    list = eval::class_lines(read_file(arguments.one(option), kMaxList));
    std::erase(dataset.missing, dataset.folder + "/" + file);
  };
  replace("classnames", "classnames.txt", dataset.class_names);
  replace("templates", "zeroshot_classification_templates.txt", dataset.templates);
}

/// imagenet1k, or with names of its own another key, from a folder of images.
DatasetFiles folder_dataset(const Arguments& arguments) {
  const std::string folder = arguments.one("image-folder");
  std::string key = arguments.one("suite", "imagenet1k");
  if (!arguments.has("suite") && arguments.has("classnames")) {
    const std::filesystem::path path(folder);
    key = "custom/" + (path.filename().empty() ? path.parent_path() : path).filename().string();
  }
  DatasetFiles dataset = eval::describe_dataset(key);
  if (dataset.evaluator != eval::Evaluator::kClassification) {
    throw UsageError(fmt::format("--image-folder: {} is no plain classification", key));
  }
  dataset.class_names = eval::imagenet_names();
  dataset.templates = eval::imagenet_templates();
  apply_lists(arguments, dataset);
  eval::add_image_folder(dataset, folder, arguments.one("label-file"));
  return dataset;
}

std::vector<DatasetFiles> datasets_of(const Arguments& arguments) {
  if (arguments.has("image-folder")) return {folder_dataset(arguments)};
  const std::string data_dir = data_dir_of(arguments);
  if (!arguments.has("suite")) throw UsageError("eval run: --suite KEYS is needed");
  const std::vector<std::string> keys = suite_of(arguments, "");
  std::vector<DatasetFiles> out;
  for (const std::string& key : keys) {
    out.push_back(eval::find_dataset_files(data_dir, key));
    apply_lists(arguments, out.back());
  }
  return out;
}

/// Rows that are there already. Without --resume there must be no file.
std::vector<ResultRow> rows_before(const Arguments& arguments, const std::string& path) {
  std::error_code error;
  if (!std::filesystem::exists(path, error)) return {};
  if (!arguments.has("resume")) {
    fail(ErrorCode::kInvalidArgument, "{} is there already: go on with --resume, or give another",
         quote(path));
  }
  return eval::last_of_each_key(eval::read_rows(path));
}

/// Counts and says what becomes of the datasets.
struct Tally {
  Output& out;
  EvalLine& line;
  size_t failed = 0, skipped = 0, incomplete = 0;

  void fail_on(const std::string& key, const std::string& why) {
    line.finish();
    message(fmt::format("{}: {}", key, why));
    ++failed;
  }
  void done(const ResultRow& row) {
    line.finish();
    const auto main = row.main_metric();
    out.line(
        fmt::format("{}: {}{}", row.key, main ? fmt::format("{:.3f} %", 100 * *main) : "done",
                    row.meta.incomplete.empty()
                        ? ""
                        : fmt::format(" (incomplete: {})", fmt::join(row.meta.incomplete, "; "))));
    out.flush();
    incomplete += row.meta.incomplete.empty() ? 0 : 1;
  }
};

ExitCode embed_part(const std::vector<DatasetFiles>& datasets, const Part& part,
                    eval::Evaluation& evaluation, Tally& tally) {
  uint64_t number = 0, embedded = 0, all = 0;
  for (const DatasetFiles& dataset : datasets) {
    for (const eval::Shard& shard : dataset.shards) {
      ++all;
      if (number++ % part.count != part.index || !dataset.missing.empty()) continue;
      tally.line.start(all, all, fmt::format("{} {}", dataset.key, shard.name));
      try {
        evaluation.embed(dataset, shard);
        ++embedded;
      } catch (const Error& error) {
        tally.fail_on(dataset.key, error.message());
      }
    }
  }
  tally.line.finish();
  tally.out.line(fmt::format("{} of {} shards are in the cache by this part", embedded, all));
  return exit_code(datasets.size(), std::min(tally.failed, datasets.size()));
}

}  // namespace

ExitCode eval_run(const Arguments& arguments, Output& out) {
  const Settings settings = settings_of(arguments);
  if (!arguments.has("out")) throw UsageError("eval run: --out FILE is needed");
  const std::string path = arguments.one("out");
  eval::EvalOptions options = options_of(arguments, settings);
  const std::optional<Part> part = part_of(arguments);
  const std::vector<DatasetFiles> datasets = datasets_of(arguments);
  const std::vector<ResultRow> before =
      part ? std::vector<ResultRow>() : rows_before(arguments, path);
  EvalLine line(settings.quiet);
  Tally tally{out, line};
  for (const DatasetFiles& dataset : datasets) {
    for (const std::string& missing : dataset.missing) {
      message(fmt::format("{}: missing: {}", dataset.key, missing));
    }
    tally.failed += dataset.missing.empty() ? 0 : 1;
  }
  if (tally.failed == datasets.size()) return kFailure;

  ThreadPool pool(settings.threads);
  const auto model = load_model(arguments, settings, Towers::kBoth, pool);
  options.embed.weights_sha256 = weights_sha256(open_model(arguments));
  eval::Evaluation evaluation(model, pool, options,
                              [&](const eval::EvalProgress& progress) { line.update(progress); });
  if (part) return embed_part(datasets, *part, evaluation, tally);
  for (const ResultRow& row : before) {
    if (!evaluation.is_same_model(row)) {
      fail(ErrorCode::kInvalidArgument,
           "{} holds the row {} of another model, precision or protocol: give another file",
           quote(path), row.key);
    }
  }
  size_t number = 0;
  for (const DatasetFiles& dataset : datasets) {
    line.start(++number, datasets.size(), dataset.key);
    if (!dataset.missing.empty()) continue;
    if (std::ranges::any_of(
            before, [&](const ResultRow& row) { return evaluation.is_done(row, dataset); })) {
      ++tally.skipped;
      continue;
    }
    std::optional<ResultRow> row;
    try {
      row = evaluation.run(dataset);
      eval::append_row(path, *row, arguments.has("json-nan"));
    } catch (const Error& error) {
      if (error.code() == ErrorCode::kNoSpace) throw;
      tally.fail_on(dataset.key, error.message());
      continue;
    }
    tally.done(*row);
  }
  line.finish();
  if (tally.skipped > 0) message(fmt::format("{} datasets were done before", tally.skipped));
  return exit_code(datasets.size(), tally.failed);
}

}  // namespace mobileclip::cli
