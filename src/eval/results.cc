#include "eval/results.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <limits>
#include <nlohmann/json.hpp>

#include "base/atomic_file.h"
#include "base/error.h"
#include "base/mapped_file.h"
#include "mobileclip/version.h"

namespace mobileclip::eval {
namespace {

using nlohmann::ordered_json;

constexpr size_t kMaxResults = size_t{256} << 20;

std::string quoted(const std::string& text) {
  return ordered_json(text).dump(-1, ' ', false, ordered_json::error_handler_t::replace);
}

std::string number_of(const Metrics::Value& value, bool json_nan) {
  if (!value) return "null";
  if (!std::isfinite(*value)) return json_nan ? "NaN" : "null";
  return ordered_json(*value).dump();
}

std::string object_of(const Metrics& metrics, bool json_nan) {
  std::string out;
  for (const auto& [name, value] : metrics.values()) {
    out +=
        fmt::format("{}{}: {}", out.empty() ? "" : ", ", quoted(name), number_of(value, json_nan));
  }
  return "{" + out + "}";
}

std::string meta_of(const RowMeta& meta) {
  ordered_json out;
  out["model"] = meta.model;
  out["weights_sha256"] = meta.weights_sha256;
  out["protocol"] = meta.protocol;
  out["n"] = meta.n;
  out["n_expected"] = meta.n_expected == 0 ? ordered_json() : ordered_json(meta.n_expected);
  out["incomplete"] = meta.incomplete;
  out["notes"] = meta.notes;
  out["limit"] = meta.limit;
  out["ties"] = meta.ties;
  out["unreadable"] = meta.unreadable;
  ordered_json widths = ordered_json::object();
  for (const auto& [name, value] : meta.half_widths.values()) {
    widths[name] = value ? ordered_json(*value) : ordered_json();
  }
  out["half_width_95"] = widths;
  out["seconds"] = std::round(meta.seconds * 1000) / 1000;
  out["images_per_second"] = std::round(meta.images_per_second * 10) / 10;
  out["threads"] = meta.threads;
  out["precision"] = meta.precision;
  out["instruction_set"] = meta.instruction_set;
  out["data_sha256"] = meta.data_sha256;
  out["prompts_sha256"] = meta.prompts_sha256;
  out["version"] = MOBILECLIP_VERSION;
  return out.dump(-1, ' ', false, ordered_json::error_handler_t::replace);
}

/// The line with the tokens that JSON does not know as null.
std::string without_nan(std::string_view line) {
  std::string out;
  bool in_string = false;
  for (size_t i = 0; i < line.size(); ++i) {
    if (in_string || line[i] == '"') {
      if (in_string && line[i] == '\\' && i + 1 < line.size())
        out += line[i++];
      else if (line[i] == '"')
        in_string = !in_string;
      out += line[i];
      continue;
    }
    bool replaced = false;
    for (const std::string_view word : {"NaN", "-Infinity", "Infinity"}) {
      if (!line.substr(i).starts_with(word)) continue;
      out += "null";
      i += word.size() - 1;
      replaced = true;
      break;
    }
    if (!replaced) out += line[i];
  }
  return out;
}

Metrics metrics_of(const ordered_json& object) {
  Metrics out;
  // Throws ordered_json's own type error, as the other accesses do, if it is no object.
  for (const auto& [name, value] : object.get_ref<const ordered_json::object_t&>()) {
    if (value.is_null()) out.set(name, std::nullopt);
    if (value.is_number()) out.set(name, value.get<double>());
  }
  return out;
}

template <typename T>
T get(const ordered_json& object, const char* name) {
  const auto found = object.find(name);
  return found == object.end() || found->is_null() ? T{} : found->template get<T>();
}

/// A whole number; 0 if there is none. Of anything else than what fits, no conversion is tried: a
/// type error.
uint64_t count_of(const ordered_json& object, const char* name) {
  const auto found = object.find(name);
  if (found == object.end() || found->is_null()) return 0;
  return found->get_ref<const ordered_json::number_unsigned_t&>();
}

RowMeta read_meta(const ordered_json& object) {
  RowMeta meta;
  meta.model = get<std::string>(object, "model");
  meta.weights_sha256 = get<std::string>(object, "weights_sha256");
  meta.protocol = get<std::string>(object, "protocol");
  meta.data_sha256 = get<std::string>(object, "data_sha256");
  meta.prompts_sha256 = get<std::string>(object, "prompts_sha256");
  meta.instruction_set = get<std::string>(object, "instruction_set");
  meta.precision = get<std::string>(object, "precision");
  if (meta.precision == "float32") meta.precision = "f32";  // as it was called at first
  meta.n = count_of(object, "n");
  meta.n_expected = count_of(object, "n_expected");
  meta.limit = count_of(object, "limit");
  meta.ties = count_of(object, "ties");
  meta.unreadable = count_of(object, "unreadable");
  meta.incomplete = get<std::vector<std::string>>(object, "incomplete");
  meta.notes = get<std::vector<std::string>>(object, "notes");
  meta.seconds = get<double>(object, "seconds");
  meta.images_per_second = get<double>(object, "images_per_second");
  meta.threads = count_of(object, "threads");
  if (object.contains("half_width_95")) meta.half_widths = metrics_of(object["half_width_95"]);
  return meta;
}

}  // namespace

Metrics::Value ResultRow::main_metric() const {
  const Metrics::Value* value = metrics.find("main_metric");
  return value == nullptr ? std::nullopt : *value;
}

std::string to_json_line(const ResultRow& row, bool json_nan) {
  return fmt::format("{{\"key\": {}, \"dataset\": {}, \"metrics\": {}, \"meta\": {}}}",
                     quoted(row.key), quoted(row.dataset), object_of(row.metrics, json_nan),
                     meta_of(row.meta));
}

std::vector<ResultRow> parse_rows(std::string_view text, const std::string& what) {
  std::vector<ResultRow> out;
  for (size_t number = 1; !text.empty(); ++number) {
    const size_t end = text.find('\n');
    const std::string_view line = text.substr(0, end);
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    if (line.find_first_not_of(" \t\r") == std::string_view::npos) continue;
    try {
      const ordered_json object = ordered_json::parse(without_nan(line));
      ResultRow row{object.at("key").get<std::string>(),
                    get<std::string>(object, "dataset"),
                    metrics_of(object.at("metrics")),
                    {}};
      if (object.contains("meta")) row.meta = read_meta(object["meta"]);
      out.push_back(std::move(row));
    } catch (const ordered_json::exception&) {
      fail(ErrorCode::kDamaged, "{}:{}: no row of results ({{\"key\": …, \"metrics\": {{…}}}})",
           what, number);
    }
  }
  return out;
}

std::vector<ResultRow> read_rows(const std::string& path) {
  return parse_rows(read_file(path, kMaxResults), path);
}

std::vector<ResultRow> last_of_each_key(std::vector<ResultRow> rows) {
  std::vector<ResultRow> out;
  for (ResultRow& row : rows) {
    const auto same = std::ranges::find(out, row.key, &ResultRow::key);
    if (same == out.end()) {
      out.push_back(std::move(row));
    } else {
      *same = std::move(row);
    }
  }
  return out;
}

MainMetrics main_metrics(const std::vector<ResultRow>& rows, bool allow_partial) {
  MainMetrics out;
  for (const ResultRow& row : rows) {
    const Metrics::Value main = row.main_metric();
    if (main && std::isfinite(*main) && (allow_partial || row.meta.incomplete.empty())) {
      out[row.key] = *main;
    }
  }
  return out;
}

void append_row(const std::string& path, const ResultRow& row, bool json_nan) {
  std::string all;
  if (std::filesystem::is_regular_file(path)) all = read_file(path, kMaxResults);
  if (!all.empty() && !all.ends_with('\n')) all += '\n';
  AtomicFile file(path);
  file.write(all);
  file.write(to_json_line(row, json_nan));
  file.write("\n");
  file.commit();
}

}  // namespace mobileclip::eval
