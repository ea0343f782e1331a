// download: a published checkpoint into the models folder.
#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>

#include "cli/command.h"
#include "cli/json.h"
#include "cli/progress.h"
#include "config/published.h"
#include "download/address.h"
#include "download/download.h"
#include "download/sha256.h"
#include "engine/find_model.h"
#include "engine/recognise.h"
#include "engine/shipped_model.h"

namespace mobileclip::cli {
namespace {

constexpr int kMaxTimeout = 3600;
constexpr int kTimeout = 60;

std::string names() {
  std::vector<std::string_view> out;
  for (const PublishedWeights& row : published_weights()) out.push_back(row.name);
  return fmt::format("{}", fmt::join(out, ", "));
}

/// A word that -m takes for a name, not for a path.
bool is_name(std::string_view word) {
  return !word.empty() && word[0] != '-' && std::ranges::all_of(word, [](unsigned char c) {
    return std::isalnum(c) != 0 || c == '_' || c == '-';
  });
}

std::vector<std::string> addresses_of(const Arguments& arguments, const PublishedWeights* row) {
  std::vector<std::string> out;
  for (const std::string& url : arguments.all("url")) {
    out.push_back(resolve_address(url));
    if (out.back().empty()) {
      throw UsageError(
          fmt::format("--url takes https://… or huggingface:OWNER/REPO/FILE, not {}", quote(url)));
    }
  }
  if (!out.empty()) return out;
  for (const std::string_view source : row->sources) {
    if (!source.empty()) out.push_back(resolve_address(source));
  }
  return out;
}

/// Certificates that the environment says to trust, by the names that curl and OpenSSL use.
std::string certificates() {
  for (const char* name : {"CURL_CA_BUNDLE", "SSL_CERT_FILE"}) {
    const char* value = std::getenv(name);  // NOLINT(concurrency-mt-unsafe): before any thread
    if (value != nullptr && *value != '\0') return value;
  }
  return "";
}

/// Where the model of that name goes. The name alone finds .safetensors and .pt.
std::string target(const std::string& name, const std::string& address) {
  const std::string folder = models_folder();
  if (folder.empty()) {
    fail(ErrorCode::kNotFound, "neither $MOBILECLIP_HOME nor $HOME says where models are kept");
  }
  const bool safetensors = shown_address(address).ends_with(".safetensors");
  return fmt::format("{}/{}{}", folder, name, safetensors ? ".safetensors" : ".pt");
}

DownloadRequest request_of(const Arguments& arguments, const std::string& name,
                           const PublishedWeights* row) {
  DownloadRequest request;
  request.addresses = addresses_of(arguments, row);
  request.path = target(name, request.addresses.front());
  request.ca_file = certificates();
  request.stall_seconds = arguments.number("timeout", kTimeout, 1, kMaxTimeout);
  if (row != nullptr) {
    request.sha256 = row->sha256;
    request.sha256_from = "published";
    request.licence = kPublishedLicence;
    request.terms = kPublishedTerms;
  }
  if (arguments.has("sha256")) {
    request.sha256 = sha256_from_hex(arguments.one("sha256"));
    request.sha256_from = "--sha256";
    if (request.sha256.empty()) {
      throw UsageError(fmt::format("--sha256 takes 64 hexadecimal digits, not {}",
                                   quote(arguments.one("sha256"))));
    }
  }
  return request;
}

/// Throws unless `path` is a whole checkpoint of the model that was asked for.
void accept(const std::string& path, const PublishedWeights* row, int threads) {
  const Checkpoint checkpoint = Checkpoint::open(path);
  ThreadPool pool(threads);
  checkpoint.verify(pool);
  const Recognised found = recognise(checkpoint);
  if (row == nullptr || std::ranges::find(found.candidates, row->name) != found.candidates.end()) {
    return;
  }
  fail(ErrorCode::kWrongModel, "it is {}, not {}", fmt::join(found.candidates, " or "), row->name);
}

std::string licence_sentence(const std::string& name, const PublishedWeights* row) {
  if (row == nullptr) {
    return fmt::format("the licence of {} is whatever its source says", name);
  }
  return fmt::format(
      "{} is under the {} licence: for research only, not for products; its terms: {}", name,
      kPublishedLicence, kPublishedTerms);
}

DownloadEvents events_of(const std::string& name, const PublishedWeights* row,
                         const Settings& settings, Progress& progress) {
  const bool quiet = settings.quiet;
  DownloadEvents events;
  events.started = [=, &progress](uint64_t have, uint64_t total) {
    if (!quiet) message(licence_sentence(name, row));
    if (!quiet && have > 0) message(fmt::format("going on after {} bytes", have));
    progress.start(have, total);
  };
  events.progress = [&progress](uint64_t have, uint64_t total) { progress.update(have, total); };
  events.notice = [=, &progress](const std::string& sentence) {
    progress.finish();
    if (!quiet) message(sentence);
  };
  events.accept = [=, &progress](const std::string& path) {
    progress.finish();
    accept(path, row, settings.threads);
  };
  return events;
}

void report(const std::string& name, const PublishedWeights* row, const std::string& path,
            const Downloaded& done, const Settings& settings, Output& out) {
  const DownloadRecord& record = done.record;
  if (settings.json) {
    out.line(fmt::format(
        "{{\"name\":{},\"file\":{},\"bytes\":{},\"sha256\":\"{}\",\"checked\":{},\"source\":{},"
        "\"license\":{},\"already_there\":{}}}",
        json_string(name), json_string(path), record.bytes, record.sha256,
        json_string(record.checked), json_string(record.source), json_string(record.licence),
        done.already_there));
    return;
  }
  out.line(path);
  if (settings.quiet) return;
  if (done.already_there) {
    message(licence_sentence(name, row));
    message(fmt::format("{} was there already", name));
  } else if (record.checked.empty()) {
    message(fmt::format("nobody states a SHA-256 for it; that of this file is {}", record.sha256));
  }
}

ExitCode run(const Arguments& arguments, Output& out) {
  const Settings settings = settings_of(arguments);
  if (arguments.positional().size() != 1) {
    throw UsageError(fmt::format("download takes one NAME: {}", names()));
  }
  std::string name = arguments.positional().front();
  if (!is_name(name)) {
    throw UsageError(fmt::format("{} is no NAME: letters, digits, - and _ make one", quote(name)));
  }
  const PublishedWeights* row = find_published(name);
  if (row != nullptr) name = row->name;
  if (row == nullptr && !arguments.has("url")) {
    if (name == shipped_model().name) {
      fail(ErrorCode::kInvalidArgument, "{} is inside the program: -m {} works without a download",
           name, name);
    }
    throw UsageError(
        fmt::format("no checkpoint {} is published; there are {} (for one of your own give --url)",
                    quote(name), names()));
  }
  const DownloadRequest request = request_of(arguments, name, row);
  Progress progress(settings.quiet);
  const Downloaded done = download(request, events_of(name, row, settings, progress));
  report(name, row, request.path, done, settings, out);
  return kOk;
}

}  // namespace

Command download_command() {
  return {"download",
          "NAME",
          "fetches a published checkpoint; then -m NAME finds it",
          {{"url", '\0', Arity::kEach, "URL",
            "https://… or huggingface:OWNER/REPO/FILE instead; several are tried in turn"},
           {"sha256", '\0', Arity::kOne, "HEX", "what the file must have"},
           {"timeout", '\0', Arity::kOne, "SECONDS",
            "give up when next to nothing came for so long (default 60)"}},
          run};
}

}  // namespace mobileclip::cli
