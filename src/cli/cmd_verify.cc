// verify: whether a model's file is whole and this machine computes what it should.
#include <fmt/format.h>

#include "base/error.h"
#include "cli/command.h"
#include "cli/json.h"
#include "cli/weights_hash.h"
#include "download/recorded_hash.h"
#include "download/sha256.h"
#include "engine/find_model.h"
#include "engine/self_check.h"
#include "kernels/isa.h"

namespace mobileclip::cli {
namespace {

/// The SHA-256 of a file, and what was recorded of it when it was fetched; empty: nothing was.
struct CheckedFile {
  std::string file, hash, recorded;
};

struct Findings {
  std::vector<CheckedFile> files;  // the model's, then those that an index names
  std::string variant;
  bool tested = false;  // results are stored for the variant
  SelfCheckReport report;
  bool passed() const { return !tested || report.passed(); }
};

/// kDamaged if the file is not the one that was recorded.
CheckedFile check_file(const FileHash& one) {
  CheckedFile out{one.file, one.sha256, recorded_sha256(one.file)};
  if (!out.recorded.empty() && out.recorded != out.hash) {
    fail(ErrorCode::kDamaged, "{} has the SHA-256 {}, recorded was {}: the file changed",
         quote(out.file), out.hash, out.recorded);
  }
  return out;
}

std::string json_of(const CheckedFile& one) {
  return fmt::format("\"file\":{},\"sha256\":\"{}\",\"recorded_sha256\":{}", json_string(one.file),
                     one.hash, one.recorded.empty() ? "null" : json_string(one.recorded));
}

void write_json(const Findings& f, Output& out) {
  std::string arithmetic = "null";
  if (f.tested) {
    arithmetic = fmt::format(
        "{{\"instruction_set\":\"{}\",\"weights_equal\":{},\"image_error\":{},\"text_error\":{},"
        "\"tolerance\":{}}}",
        kernels::isa_name(), f.report.weights_equal, json_number(f.report.image_error),
        json_number(f.report.text_error), json_number(kSelfCheckTolerance));
  }
  std::vector<std::string> parts;
  for (size_t i = 1; i < f.files.size(); ++i)
    parts.push_back(fmt::format("{{{}}}", json_of(f.files[i])));
  out.line(fmt::format("{{{},\"parts\":[{}],\"variant\":\"{}\",\"arithmetic\":{},\"ok\":{}}}",
                       json_of(f.files[0]), fmt::join(parts, ","), f.variant, arithmetic,
                       f.passed()));
}

void write_text(const Findings& f, Output& out) {
  for (const CheckedFile& one : f.files) {
    out.line(fmt::format("file        whole: {} ({})", one.file, f.variant));
    out.line(fmt::format("sha256      {}{}", one.hash,
                         one.recorded.empty() ? ", none recorded" : ", as recorded"));
  }
  if (!f.tested) {
    out.line(fmt::format("arithmetic  not checked: no results are stored for {}, only the file was",
                         f.variant));
    return;
  }
  out.line(fmt::format("arithmetic  {}: image error {:.1e}, text error {:.1e}, at most {:.0e}; {}",
                       kernels::isa_name(), f.report.image_error, f.report.text_error,
                       kSelfCheckTolerance,
                       f.report.weights_equal ? "folded weights equal" : "folded weights differ"));
}

ExitCode run(const Arguments& arguments, Output& out) {
  const Settings settings = settings_of(arguments);
  if (arguments.positional().size() != 1) throw UsageError("verify takes one MODEL");
  const ModelConfig* arch = arch_of(arguments);
  const std::string& word = arguments.positional().front();
  const Checkpoint checkpoint = mobileclip::open_model(word);
  Findings f;
  f.files.push_back(check_file({checkpoint.name(), sha256_of(checkpoint.file().bytes())}));
  for (const FileHash& part : part_hashes(checkpoint)) f.files.push_back(check_file(part));
  ThreadPool pool(settings.threads);
  LoadOptions options;
  if (arch != nullptr) options.arch = arch->name;
  ModelConfig config;
  {
    const auto model = Model::load(checkpoint, options, pool);  // checksums, shapes, values
    config = model->config();
    if (!settings.quiet) {
      for (const std::string& warning : model->warnings()) message(warning);
    }
  }
  f.variant = config.name;
  f.tested = has_self_check(config);
  if (f.tested) f.report = run_self_check(config, pool);
  if (settings.json) {
    write_json(f, out);
  } else {
    write_text(f, out);
  }
  if (f.passed()) return kOk;
  message("this machine does not compute what it should: results cannot be trusted");
  return kIntegrity;
}

}  // namespace

Command verify_command() {
  return {"verify",
          "MODEL",
          "checks a model's file, and this machine's arithmetic against stored results",
          {kArchOption},
          run};
}

}  // namespace mobileclip::cli
