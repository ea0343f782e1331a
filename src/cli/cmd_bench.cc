// bench: latency and throughput of a model on this machine.
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <optional>

#include "base/atomic_file.h"
#include "cli/bench_family.h"
#include "cli/command.h"
#include "cli/json.h"
#include "engine/measure.h"
#include "engine/synthetic.h"
#include "engine/work.h"
#include "kernels/fma_peak.h"
#include "kernels/isa.h"

namespace mobileclip::cli {
namespace {

constexpr int kMostThreads = 256;
constexpr int kMostBatch = 1024;

/// Whole numbers in [1, high], separated by commas.
std::vector<int> numbers_of(const Arguments& arguments, std::string_view name, int fallback,
                            int high) {
  std::vector<int> out;
  const std::string text = arguments.one(name, std::to_string(fallback));
  for (size_t at = 0; at <= text.size();) {
    const size_t comma = std::min(text.find(',', at), text.size());
    const char *const begin = text.data() + at, *const end = text.data() + comma;
    int value = 0;
    const auto [stop, error] = std::from_chars(begin, end, value);
    if (error != std::errc() || stop != end || value < 1 || value > high) {
      throw UsageError(fmt::format("--{} {}: whole numbers from 1 to {}, separated by commas", name,
                                   quote(text), high));
    }
    out.push_back(value);
    at = comma + 1;
  }
  return out;
}

/// A checkpoint of synthetic weights that goes away with the object.
class SyntheticFile {
 public:
  explicit SyntheticFile(const ModelConfig& config) {
    std::string path = std::filesystem::temp_directory_path() / "mobileclip-bench-XXXXXX";
    const int fd = ::mkstemp(path.data());
    if (fd < 0) throw system_error("write", path, errno);
    ::close(fd);
    path_ = path;
    write_synthetic_checkpoint(config, path_);
  }
  ~SyntheticFile() { std::filesystem::remove(path_, ignored_); }
  SyntheticFile(const SyntheticFile&) = delete;
  SyntheticFile& operator=(const SyntheticFile&) = delete;
  const std::string& path() const { return path_; }

 private:
  std::string path_;
  std::error_code ignored_;
};

/// Those that --tower names, both without it.
std::vector<Tower> towers_of(const Arguments& arguments) {
  const std::string name = arguments.one("tower", "");
  if (!arguments.has("tower")) return {Tower::kImage, Tower::kText};
  for (const Tower tower : {Tower::kImage, Tower::kText}) {
    if (name == tower_name(tower)) return {tower};
  }
  throw UsageError(fmt::format("--tower {}: image or text", quote(name)));
}

/// The model as asked for, and in float32 if that is something else.
struct Models {
  std::shared_ptr<const Model> model, exact;
};

Models models_of(const Arguments& arguments, const Settings& settings, ThreadPool& pool) {
  const kernels::Precision precision = precision_of(arguments);
  const auto load = [&](const Checkpoint& checkpoint, std::string_view arch) {
    LoadOptions options;
    options.arch = arch;
    Models out;
    options.precision = precision;
    out.model = Model::load(checkpoint, options, pool);
    options.precision = kernels::Precision::kFloat32;
    if (precision != options.precision) out.exact = Model::load(checkpoint, options, pool);
    return out;
  };
  if (!arguments.has("synthetic")) {
    const ModelConfig* arch = arch_of(arguments);
    Models out = load(open_model(arguments), arch == nullptr ? "" : arch->name);
    if (!settings.quiet) {
      for (const std::string& warning : out.model->warnings()) message(warning);
    }
    return out;
  }
  const ModelConfig* arch = arch_of(arguments);
  if (arch == nullptr || arguments.has("model")) {
    throw UsageError("--synthetic goes with --arch NAME and without -m");
  }
  const SyntheticFile file(*arch);
  return load(Checkpoint::open(file.path()), arch->name);
}

/// Peak resident memory of this process in MiB, as the kernel counts it.
double peak_memory_mib() {
  std::ifstream file("/proc/self/status");
  for (std::string line; std::getline(file, line);) {
    if (line.starts_with("VmHWM:")) return std::strtod(line.c_str() + 6, nullptr) / 1024;
  }
  return 0;
}

/// The setting of a run, beside its rows.
struct Setting {
  double peak;
  std::string_view precision;
  std::vector<std::pair<Tower, Agreement>> agreement;  ///< with float32, of another precision
};

constexpr size_t kAgreementInputs = 16;

struct Part {
  PartTiming timing;
  double gflops;
};

struct Row {
  std::string_view model;
  Tower tower;
  int threads, batch;
  Timing timing;
  double gflops;
  std::vector<Part> parts;  ///< with --layers
  double items_per_s() const { return 1e3 * batch / timing.median_ms; }
  double parts_ms() const {
    double sum = 0;
    for (const Part& part : parts) sum += part.timing.median_ms;
    return sum;
  }
};

std::string json_of(const Row& row, const Setting& setting) {
  std::string out = fmt::format(
      "{{\"model\":{},\"tower\":\"{}\",\"precision\":\"{}\",\"threads\":{},\"batch\":{},"
      "\"runs\":{},\"median_ms\":{:.4f},\"p95_ms\":{:.4f},\"items_per_s\":{:.3f},"
      "\"gflops\":{:.3f},\"peak_share\":{:.4f}",
      json_string(row.model), tower_name(row.tower), setting.precision, row.threads, row.batch,
      row.timing.runs, row.timing.median_ms, row.timing.p95_ms, row.items_per_s(), row.gflops,
      row.gflops / (setting.peak * row.threads));
  if (!row.parts.empty()) {
    out += ",\"layers\":[";
    for (const Part& part : row.parts) {
      if (&part != &row.parts.front()) out += ',';
      out += fmt::format("{{\"name\":{},\"median_ms\":{:.4f},\"share\":{:.4f},\"gflops\":{:.3f}}}",
                         json_string(part.timing.name), part.timing.median_ms,
                         part.timing.median_ms / row.parts_ms(), part.gflops);
    }
    out += ']';
  }
  return out + "}";
}

std::string text_of(const Row& row, double peak) {
  return fmt::format("{:<24} {:<5} {:>7} {:>5} {:>10.2f} {:>9.2f} {:>9.1f} {:>8.1f} {:>5.0f} %",
                     row.model, tower_name(row.tower), row.threads, row.batch, row.timing.median_ms,
                     row.timing.p95_ms, row.items_per_s(), row.gflops,
                     100 * row.gflops / (peak * row.threads));
}

std::string text_of(const Part& part, const Row& row, double peak) {
  return fmt::format("  {:<36} {:>13.3f} {:>17.1f} % {:>8.1f} {:>5.0f} %", part.timing.name,
                     part.timing.median_ms, 100 * part.timing.median_ms / row.parts_ms(),
                     part.gflops, 100 * part.gflops / (peak * row.threads));
}

void write(const std::vector<Row>& rows, const Setting& setting, bool json, Output& out) {
  const double peak = setting.peak;
  if (json) {
    std::string line = fmt::format(
        "{{\"isa\":\"{}\",\"fma_peak_gflops\":{:.2f},\"vm_hwm_mib\":{:.1f},\"results\":[",
        kernels::isa_name(), peak, peak_memory_mib());
    for (const Row& row : rows) {
      if (&row != &rows.front()) line += ',';
      line += json_of(row, setting);
    }
    line += ']';
    for (const auto& [tower, agreement] : setting.agreement) {
      line += fmt::format(",\"{}_cosine_to_f32\":{{\"mean\":{:.8f},\"least\":{:.8f}}}",
                          tower_name(tower), agreement.mean_cosine, agreement.least_cosine);
    }
    out.line(line + "}");
    return;
  }
  out.line(fmt::format("{}, multiply-add peak {:.1f} GFLOP/s a thread, peak memory {:.0f} MiB",
                       kernels::isa_name(), peak, peak_memory_mib()));
  out.line(fmt::format("{:<24} {:<5} {:>7} {:>5} {:>10} {:>9} {:>9} {:>8} {:>7}", "model", "tower",
                       "threads", "batch", "median ms", "p95 ms", "items/s", "GFLOP/s", "of peak"));
  for (const Row& row : rows) {
    out.line(text_of(row, peak));
    for (const Part& part : row.parts) out.line(text_of(part, row, peak));
  }
  for (const auto& [tower, agreement] : setting.agreement) {
    out.line(fmt::format("{}: cosine to float32 mean {:.7f}, least {:.7f} of {} random inputs",
                         tower_name(tower), agreement.mean_cosine, agreement.least_cosine,
                         kAgreementInputs));
  }
}

Row row_of(const std::shared_ptr<const Model>& model, ThreadPool& pool,
           const MeasureOptions& options, bool layers) {
  const ModelConfig& config = model->config();
  const std::vector<PartWork> work =
      options.tower == Tower::kImage ? image_work(config) : text_work(config, options.tokens);
  const auto batch = static_cast<double>(options.batch);
  const Timing timing = measure(model, pool, options);
  Row row{config.name,
          options.tower,
          pool.threads(),
          static_cast<int>(options.batch),
          timing,
          1e3 * total_gflop(work) * batch / timing.median_ms,
          {}};
  if (!layers) return row;
  for (const PartTiming& part : measure_parts(model, pool, options)) {
    const auto known = std::ranges::find(work, part.name, &PartWork::name);
    const double gflop = known == work.end() ? 0 : known->gflop;
    row.parts.push_back({part, 1e3 * gflop * batch / part.median_ms});
  }
  return row;
}

ExitCode run_family(const Arguments& arguments, const Settings& settings,
                    const std::vector<int>& threads, Output& out) {
  if (arguments.has("model") || arguments.has("arch") || arguments.has("synthetic") ||
      arguments.has("batch") || arguments.has("tokens") || arguments.has("precision") ||
      threads.size() != 1) {
    throw UsageError("--family takes --threads N, --runs N, --svg FILE and --json, nothing else");
  }
  const std::string svg = arguments.one("svg");
  const int runs = arguments.number("runs", 20, 1, 100000);
  std::optional<AtomicFile> plot;  // a path that cannot be written is told before the long work
  if (!svg.empty()) plot.emplace(svg);
  ThreadPool pool(threads.front());
  std::vector<FamilyRow> rows;
  for (const std::string_view name : family()) {
    if (settings.verbose) message(fmt::format("measuring {}", name));
    rows.push_back(measure_member(name, rows, pool, runs));
  }
  const std::string caption = family_caption(threads.front());
  if (plot) {
    plot->write(family_svg(rows, caption));
    plot->commit();
  }
  if (settings.json) {
    out.line(family_json(rows, threads.front()));
  } else {
    out.write(family_table(rows, caption));
  }
  return kOk;
}

ExitCode run(const Arguments& arguments, Output& out) {
  const Settings settings{available_cores(), 1, arguments.has("json"), arguments.has("quiet"),
                          arguments.has("verbose")};
  if (!arguments.positional().empty()) throw UsageError("bench takes options only");
  const std::vector<int> threads =
      numbers_of(arguments, "threads", available_cores(), kMostThreads);
  const std::vector<int> batches = numbers_of(arguments, "batch", 1, kMostBatch);
  if (arguments.has("family")) return run_family(arguments, settings, threads, out);
  if (arguments.has("svg")) throw UsageError("--svg goes with --family");
  const std::vector<Tower> towers = towers_of(arguments);
  ThreadPool loading(settings.threads);
  const auto [model, exact] = models_of(arguments, settings, loading);
  const ModelConfig& config = model->config();
  const int tokens = arguments.number("tokens", config.text.context, 2, config.text.context);
  const int runs = arguments.number("runs", 20, 1, 100000);
  Setting setting{kernels::fma_peak_gflops(0.3), exact == nullptr ? "f32" : "bf16", {}};
  std::vector<Row> rows;
  for (const Tower tower : towers) {
    for (const int thread_count : threads) {
      ThreadPool pool(thread_count);
      for (const int batch : batches) {
        const MeasureOptions options{tower, static_cast<size_t>(batch), tokens, runs};
        rows.push_back(row_of(model, pool, options, arguments.has("layers")));
      }
    }
  }
  if (exact != nullptr) {
    for (const Tower tower : towers) {
      setting.agreement.emplace_back(tower,
                                     compare(model, exact, loading, tower, kAgreementInputs));
    }
  }
  write(rows, setting, settings.json, out);
  return kOk;
}

}  // namespace

Command bench_command() {
  return {"bench",
          "[-m MODEL | --arch NAME --synthetic]",
          "latency and throughput on this machine",
          {kModelOption,
           kArchOption,
           {"synthetic", '\0', Arity::kFlag, "", "weights made up for --arch: no file is needed"},
           {"family", '\0', Arity::kFlag, "",
            "every MobileCLIP beside the models it is compared with, weights made up"},
           {"svg", '\0', Arity::kOne, "FILE", "with --family: also as a plot"},
           {"threads", 't', Arity::kOne, "N,N…", "numbers of threads to measure with"},
           {"batch", 'b', Arity::kOne, "N,N…", "batches to measure"},
           {"tower", '\0', Arity::kOne, "image|text", "one tower; else both"},
           {"tokens", '\0', Arity::kOne, "N", "length of the texts; else the whole context"},
           {"runs", '\0', Arity::kOne, "N", "measured calls of each (20)"},
           {"layers", '\0', Arity::kFlag, "", "the time of each part of the network too"},
           kPrecisionOption},
          run};
}

}  // namespace mobileclip::cli
