// eval run | list | verify | report | compare: zero-shot evaluation.
#include "cli/cmd_eval.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <sstream>

#include "base/atomic_file.h"
#include "base/result.h"
#include "cli/json.h"
#include "data/shard_reader.h"
#include "download/sha256.h"
#include "eval/layout.h"
#include "eval/published_results.h"
#include "eval/report.h"

namespace mobileclip::cli {
namespace {

using eval::DatasetFiles;
using eval::Evaluator;

/// What `verify` found of one dataset.
struct Checked {
  DatasetFiles files;
  uint64_t samples = 0;
  std::vector<std::string> problems;
};

uint64_t count_of(const Sample& sample, const DatasetFiles& files) {
  return files.evaluator != Evaluator::kWinogavil || sample.members.contains("json") ? 1 : 0;
}

Checked check(const std::string& data_dir, const std::string& key) {
  Checked out{eval::find_dataset_files(data_dir, key), 0, {}};
  for (const std::string& path : out.files.missing) {
    out.problems.push_back(fmt::format("missing: {}", path));
  }
  if (!out.problems.empty()) return out;
  out.samples = out.files.instances.size();
  for (const eval::Shard& shard : out.files.shards) {
    if (shard.tar.empty()) {
      out.samples += out.files.instances.empty() ? shard.files.size() : 0;
      continue;
    }
    ShardReader reader(shard.tar);
    while (const auto sample = reader.next()) out.samples += count_of(*sample, out.files);
    if (reader.report().truncated) {
      out.problems.push_back(fmt::format("cut short: {}", shard.tar));
    }
    for (const auto& [why, count] : reader.report().skipped) {
      out.problems.push_back(fmt::format("{}: {} members left out: {}", shard.tar, count, why));
    }
  }
  if (out.files.expected > 0 && out.samples != out.files.expected) {
    out.problems.push_back(
        fmt::format("{} of {} samples are there", out.samples, out.files.expected));
  }
  return out;
}

/// Lines "SHA256  PATH" against the files below `data_dir`; returns how many do not fit.
size_t check_sums(const std::string& list, const std::string& data_dir, Output& out) {
  size_t wrong = 0;
  for (const std::string& line : read_lines(list)) {
    if (line.empty()) continue;
    const std::string stated = sha256_from_hex(line.substr(0, 64));
    const size_t at = line.find_first_not_of(" *", 64);
    if (stated.empty() || at == std::string::npos) {
      fail(ErrorCode::kInvalidArgument, "{}: lines of sha256sum are expected, not {}", list,
           quote(line, 80));
    }
    const std::string path = line.substr(at);
    const auto sum =
        try_result([&] { return sha256_of_file(fmt::format("{}/{}", data_dir, path)); });
    if (sum.ok() && *sum == stated) continue;
    ++wrong;
    out.line(fmt::format("{}: {}", path, sum.ok() ? "its SHA-256 does not fit" : "missing"));
  }
  return wrong;
}

std::vector<eval::ReportColumn> columns_of(const Arguments& arguments) {
  std::vector<eval::ReportColumn> columns;
  for (size_t i = 1; i < arguments.positional().size(); ++i) {
    const std::string& path = arguments.positional()[i];
    eval::ReportColumn column{std::filesystem::path(path).stem().string(),
                              eval::last_of_each_key(eval::read_rows(path)), false};
    const std::string model = column.rows.empty() ? "" : column.rows.front().meta.model;
    if (!model.empty() && column.name != model) column.name += fmt::format(" ({})", model);
    if (!column.rows.empty() && column.rows.front().meta.precision == "bf16") {
      column.name += ", bf16";
    }
    columns.push_back(std::move(column));
  }
  if (columns.empty()) throw UsageError("eval: a file of results is needed");
  return columns;
}

/// --as, or the column of the model that the rows are of; empty if nothing was published of it.
std::string published_of(const Arguments& arguments, const std::vector<eval::ResultRow>& rows) {
  const eval::PublishedResults& table = eval::PublishedResults::shared();
  if (arguments.has("as")) {
    const auto column = table.column_of(arguments.one("as"));
    if (column) return *column;
    throw UsageError(fmt::format("--as {}: published are {}", quote(arguments.one("as")),
                                 fmt::join(table.models(), ", ")));
  }
  for (const eval::ResultRow& row : rows) {
    if (const auto column = table.column_of(row.meta.model)) return *column;
  }
  return "";
}

void emit(const Arguments& arguments, const std::string& text, Output& out) {
  if (!arguments.has("out")) {
    out.write(text);
    return;
  }
  AtomicFile file(arguments.one("out"));
  file.write(text);
  file.commit();
}

ExitCode run(const Arguments& arguments, Output& out) {
  const std::string verb = arguments.positional().empty() ? "" : arguments.positional()[0];
  if (verb == "run") return eval_run(arguments, out);
  if (verb == "list") return eval_list(arguments, out);
  if (verb == "verify") return eval_verify(arguments, out);
  if (verb == "report") return eval_report(arguments, out);
  if (verb == "compare") return eval_compare(arguments, out);
  throw UsageError("eval: run, list, verify, report or compare is needed (--help)");
}

}  // namespace

std::string data_dir_of(const Arguments& arguments) {
  if (!arguments.has("data-dir")) throw UsageError("eval: --data-dir DIR is needed");
  std::string folder = arguments.one("data-dir");
  std::error_code error;
  if (!std::filesystem::is_directory(folder, error)) {
    fail(ErrorCode::kNotFound, "there is no folder {}", quote(folder));
  }
  return folder;
}

std::vector<std::string> suite_of(const Arguments& arguments, std::string_view fallback) {
  try {
    return eval::expand_suite(arguments.one("suite", fallback));
  } catch (const Error& error) {
    throw UsageError(fmt::format("--suite: {}", error.message()));
  }
}

ExitCode eval_list(const Arguments& arguments, Output& out) {
  const bool json = settings_of(arguments).json;
  for (const std::string& key : suite_of(arguments, "all")) {
    const eval::Dataset* dataset = eval::find_dataset(key);
    if (dataset == nullptr) throw UsageError(fmt::format("--suite: no dataset {}", quote(key)));
    const std::string classes = dataset->classes > 0 ? std::to_string(dataset->classes) : "";
    if (json) {
      out.line(fmt::format(
          "{{\"key\":{},\"dataset\":{},\"folder\":{},\"n\":{},\"classes\":{},\"main_metric\":{},"
          "\"evaluator\":{}}}",
          json_string(dataset->key), json_string(dataset->name), json_string(dataset->folder),
          dataset->images, classes.empty() ? "null" : classes,
          dataset->main_metric.empty() ? "null" : json_string(dataset->main_metric),
          json_string(eval::evaluator_name(dataset->evaluator))));
    } else {
      out.line(fmt::format("{:<50} {:>6} {:>5}  {:<22} {}", dataset->key, dataset->images, classes,
                           dataset->main_metric, dataset->folder));
    }
  }
  return kOk;
}

ExitCode eval_verify(const Arguments& arguments, Output& out) {
  const std::string data_dir = data_dir_of(arguments);
  const std::vector<std::string> keys = suite_of(arguments, "datacomp38");
  size_t bad = 0;
  for (const std::string& key : keys) {
    const auto checked = try_result([&] { return check(data_dir, key); });
    std::vector<std::string> problems;
    if (!checked.ok()) problems.push_back(checked.error().message());
    if (checked.ok()) problems = checked->problems;
    out.line(
        fmt::format("{}: {}", key,
                    problems.empty() ? fmt::format("{} samples", checked->samples) : "not whole"));
    for (const std::string& problem : problems) out.line("  " + problem);
    bad += problems.empty() ? 0 : 1;
  }
  if (arguments.has("sha256") && check_sums(arguments.one("sha256"), data_dir, out) > 0) {
    return kIntegrity;
  }
  return exit_code(keys.size(), bad);
}

ExitCode eval_report(const Arguments& arguments, Output& out) {
  std::vector<eval::ReportColumn> columns = columns_of(arguments);
  const eval::ReportOptions options{arguments.has("allow-partial")};
  const std::string format =
      arguments.one("format", settings_of(arguments).json ? "json" : "table");
  if (arguments.has("published") || arguments.has("as") || format == "svg") {
    std::vector<std::string> added;
    const size_t ours = columns.size();
    for (size_t i = 0; i < ours; ++i) {
      const std::string name = published_of(arguments, columns[i].rows);
      if (name.empty() || std::ranges::find(added, name) != added.end()) continue;
      added.push_back(name);
      columns.push_back(eval::published_column(name));
    }
  }
  std::string text;
  if (format == "table") {
    text = eval::report_table(columns, options);
  } else if (format == "md") {
    text = eval::report_markdown(columns, options);
  } else if (format == "csv") {
    text = eval::report_csv(columns, options);
  } else if (format == "json") {
    text = eval::report_json(columns, options);
  } else if (format == "svg") {
    text = eval::report_svg(columns, options);
  } else {
    throw UsageError(fmt::format("--format {}: table, md, csv, json or svg", quote(format)));
  }
  emit(arguments, text, out);
  return kOk;
}

ExitCode eval_compare(const Arguments& arguments, Output& out) {
  const std::vector<eval::ReportColumn> columns = columns_of(arguments);
  if (columns.size() != 1) throw UsageError("eval compare: one file of results is needed");
  const std::vector<eval::ResultRow>& rows = columns[0].rows;
  const std::string column = published_of(arguments, rows);
  if (column.empty()) {
    fail(ErrorCode::kNotFound, "{}: nothing was published of its model: say of which one with --as",
         arguments.positional()[1]);
  }
  const std::vector<eval::Comparison> all = eval::compare_published(rows, column);
  if (all.empty()) {
    fail(ErrorCode::kNotFound, "{}: no row was published of {}", arguments.positional()[1], column);
  }
  out.line(fmt::format("{} under the protocol {}", column,
                       eval::PublishedResults::shared().protocol_of(column)));
  size_t differ = 0, incomplete = 0;
  for (const eval::Comparison& one : all) {
    differ += one.complete && !one.agrees() ? 1 : 0;
    incomplete += one.complete ? 0 : 1;
    out.line(fmt::format("{:<24} {:<22} {:>7.3f} {:>7.3f} {:>+8.3f} {:>7.0f} of {:<6.0f}{}",
                         one.dataset, one.metric, 100 * one.ours, 100 * one.published,
                         100 * (one.ours - one.published), one.images, one.n,
                         !one.complete  ? "  incomplete"
                         : one.agrees() ? ""
                                        : "  differs"));
  }
  const size_t whole = all.size() - incomplete;
  out.line(fmt::format(
      "{} of {} agree within max(15, 0.3 %) images, half a point for retrieval{}", whole - differ,
      whole,
      incomplete == 0 ? "" : fmt::format("; {} are incomplete and do not count", incomplete)));
  return differ + incomplete == 0 ? kOk : kSomeFailed;
}

Command eval_command() {
  return {
      "eval",
      "run|list|verify|report RESULTS...|compare RESULTS",
      "zero-shot evaluation: ImageNet-1k, the DataComp datasets, retrieval",
      {kModelOption,
       kArchOption,
       kTokenizerOption,
       kPrecisionOption,
       {"suite", '\0', Arity::kOne, "KEYS", "imagenet1k, datacomp38, retrieval, all or KEY,…"},
       {"data-dir", '\0', Arity::kOne, "DIR", "run, verify: where the datasets are"},
       {"out", 'o', Arity::kOne, "FILE", "run: rows of results (JSON lines); report: the report"},
       {"resume", '\0', Arity::kFlag, "", "run: leave out what FILE has already"},
       {"limit", '\0', Arity::kOne, "N", "run: the first N images of each dataset"},
       {"protocol", '\0', Arity::kOne, "NAME", "run: datacomp (default) or datacomp-1.4"},
       {"templates", '\0', Arity::kOne, "FILE", "run: prompts with {c} in place of the dataset's"},
       {"classnames", '\0', Arity::kOne, "FILE", "run: names in place of the dataset's"},
       {"image-folder", '\0', Arity::kOne, "DIR", "run: images in one folder per class"},
       {"label-file", '\0', Arity::kOne, "FILE", "with --image-folder: lines PATH LABEL"},
       {"cache", '\0', Arity::kOne, "DIR", "run: embeddings (eval-cache beside FILE)"},
       {"shards", '\0', Arity::kOne, "I/N", "run: only embed part I of N (from 0), no results"},
       {"skip-bad", '\0', Arity::kFlag, "", "run: count images that cannot be read as wrong"},
       {"json-nan", '\0', Arity::kFlag, "", "run: NaN in place of null, as Python writes"},
       {"sha256", '\0', Arity::kOne, "FILE", "verify: sums as sha256sum writes them"},
       {"format", '\0', Arity::kOne, "F", "report: table, md, csv, json or svg"},
       {"published", '\0', Arity::kFlag, "", "report: beside the published numbers"},
       {"as", '\0', Arity::kOne, "MODEL", "report, compare: which published model"},
       {"allow-partial", '\0', Arity::kFlag, "", "report: incomplete rows count in averages"}},
      run};
}

}  // namespace mobileclip::cli
