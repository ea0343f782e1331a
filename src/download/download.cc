#include "download/download.h"

#include <sys/stat.h>

#include <filesystem>
#include <optional>

#include "base/error.h"
#include "download/address.h"
#include "download/part_file.h"
#include "download/sha256.h"
#include "download/transfer.h"

namespace mobileclip {
namespace {

namespace fs = std::filesystem;

constexpr uint64_t kMaxFile = uint64_t{16} << 30;

/// The bytes here do not go on into those there.
struct BeginAgain {};

void make_folder(const std::string& path) {
  const fs::path folder = fs::path(path).parent_path();
  std::error_code error;
  if (!folder.empty()) fs::create_directories(folder, error);
  if (error) throw system_error("make folder", folder.string(), error.value());
}

/// A file that no download brought, checked as one that came would be, with a record from now on.
DownloadRecord record_found(const DownloadRequest& request, const DownloadEvents& events,
                            DownloadRecord record) {
  try {
    events.accept(request.path);
  } catch (const Error& error) {
    throw Error(error.code(), fmt::format("{} is there, but is not the file wanted: {}; remove it "
                                          "and download again",
                                          quote(request.path), error.message()));
  }
  record.date = utc_now();
  record.licence = request.licence;
  record.terms = request.terms;
  if (!request.sha256.empty()) record.checked = request.sha256_from;
  try {
    write_record(record_path(request.path), record);
  } catch (const Error& error) {
    events.notice(fmt::format("the licence is not recorded beside it: {}", error.message()));
  }
  return record;
}

/// The file of an earlier run, as it should be; nothing if there is none.
std::optional<Downloaded> already_there(const DownloadRequest& request,
                                        const DownloadEvents& events) {
  struct stat status {};
  if (::stat(request.path.c_str(), &status) != 0) return std::nullopt;
  DownloadRecord record = read_record(record_path(request.path));
  const std::string file = fs::path(request.path).filename().string();
  const bool recorded = record.file == file;
  if (!recorded) record = {};
  const std::string found = sha256_of_file(request.path);
  const std::string wanted = request.sha256.empty() ? record.sha256 : request.sha256;
  if (!wanted.empty() && found != wanted) {
    fail(ErrorCode::kDamaged,
         "{} is there, but is not the file wanted: its SHA-256 is {}, not {}; remove it and "
         "download again",
         quote(request.path), found, wanted);
  }
  record.file = file;
  record.sha256 = found;
  record.bytes = static_cast<uint64_t>(status.st_size);
  return Downloaded{recorded ? record : record_found(request, events, record), true};
}

/// One address into the part.
class Fetch {
 public:
  Fetch(const DownloadRequest& request, const DownloadEvents& events, std::string address,
        PartFile& part)
      : request_(request), events_(events), address_(std::move(address)), part_(part) {}

  void run() {
    try {
      attempt(continues());
    } catch (const BeginAgain&) {
      events_.notice("the file on the server is not the one begun: it begins again");
      attempt(false);
    } catch (const StatusError& error) {
      if (error.status() != 416) throw;  // what is here is longer than what is there
      attempt(false);
    }
  }

  /// The SHA-256 of all that is in the part.
  std::string hash() { return sum_.hex(); }

 private:
  bool continues() const {
    return part_.size() > 0 && part_.origin().address == address_ && !part_.origin().etag.empty();
  }

  void attempt(bool go_on) {
    sum_ = Sha256();
    TransferRequest transfer_request{address_, 0, "", request_.ca_file, request_.stall_seconds};
    if (go_on) {
      add_file(part_.path(), sum_);
      // All had come, and then the machine stopped.
      if (part_.size() == part_.origin().size) return;
      transfer_request.from = part_.size();
      transfer_request.if_range = part_.origin().etag;
    }
    try {
      transfer(transfer_request, {[&](const Response& response) { answered(response, go_on); },
                                  [&](std::string_view bytes) { take(bytes); }});
    } catch (const StatusError&) {
      throw;
    } catch (const Error& error) {
      if (error.code() != ErrorCode::kIo && error.code() != ErrorCode::kNoSpace) throw;
      throw Error(error.code(), error.message() + what_is_kept());
    }
    const uint64_t size = part_.origin().size;
    if (part_.size() == 0 || (size > 0 && part_.size() != size)) {
      fail(ErrorCode::kIo, "{} sent {} bytes of {}{}", host_of(address_), part_.size(), size,
           what_is_kept());
    }
  }

  void answered(const Response& response, bool go_on) {
    check_statement(response);
    if (response.status == 206) {
      if (!go_on) fail(ErrorCode::kIo, "{} sends a part that was not asked for", host_of(address_));
      if (!fits(response)) throw BeginAgain{};
      if (part_.origin().sha256.empty()) part_.learn(response.sha256());
    } else {
      if (go_on) events_.notice("the server does not go on from where it stopped: it begins again");
      sum_ = Sha256();
      const auto size = response.linked_size ? response.linked_size : response.whole_size();
      part_.restart({address_, response.etag, size.value_or(0), response.sha256()});
    }
    events_.started(part_.size(), part_.origin().size);
  }

  /// What the server says of the file must agree with itself and with what is wanted.
  void check_statement(const Response& response) const {
    const auto size = response.whole_size();
    if (size && response.linked_size && *size != *response.linked_size) {
      fail(ErrorCode::kDamaged, "{} has {} bytes of a file that should have {}: nothing was taken",
           host_of(address_), *size, *response.linked_size);
    }
    if (size.value_or(0) > kMaxFile) {
      fail(ErrorCode::kTooLarge, "{} offers {} bytes; the limit is {}", host_of(address_), *size,
           kMaxFile);
    }
    if (!request_.sha256.empty() && !response.sha256().empty() &&
        request_.sha256 != response.sha256()) {
      fail(ErrorCode::kDamaged, "{} offers a file with SHA-256 {}, not {} ({}): nothing was taken",
           host_of(address_), response.sha256(), request_.sha256, request_.sha256_from);
    }
  }

  bool fits(const Response& response) const {
    const PartOrigin& origin = part_.origin();
    return response.first == part_.size() &&
           (response.etag.empty() || response.etag == origin.etag) &&
           (origin.size == 0 || response.total == origin.size) &&
           (response.sha256().empty() || origin.sha256.empty() ||
            response.sha256() == origin.sha256);
  }

  void take(std::string_view bytes) {
    if (part_.size() + bytes.size() > kMaxFile) {
      fail(ErrorCode::kTooLarge, "{} sends more than {} bytes", host_of(address_), kMaxFile);
    }
    part_.append(bytes);
    sum_.update(bytes);
    events_.progress(part_.size(), part_.origin().size);
  }

  std::string what_is_kept() const {
    if (part_.size() == 0 || part_.origin().etag.empty()) return "";
    return fmt::format(" ({} bytes are kept: the same command goes on from there)", part_.size());
  }

  const DownloadRequest& request_;
  const DownloadEvents& events_;
  const std::string address_;
  PartFile& part_;
  Sha256 sum_;
};

/// The first address whose server has the file; the hash of what came.
std::string fetch_from_any(const DownloadRequest& request, const DownloadEvents& events,
                           PartFile& part, std::string& address) {
  for (size_t i = 0;; ++i) {
    address = request.addresses.at(i);
    Fetch fetch(request, events, address, part);
    try {
      fetch.run();
      return fetch.hash();
    } catch (const StatusError& error) {
      if (i + 1 == request.addresses.size()) throw;
      events.notice(
          fmt::format("{}; trying {}", error.message(), host_of(request.addresses[i + 1])));
    }
  }
}

/// Deletes the part and throws if it is not what was wanted.
void check(const DownloadRequest& request, const DownloadEvents& events, PartFile& part,
           const DownloadRecord& record) {
  const std::string& stated = part.origin().sha256;
  const std::string wanted = request.sha256.empty() ? stated : request.sha256;
  if (!wanted.empty() && wanted != record.sha256) {
    part.remove();
    fail(ErrorCode::kDamaged,
         "what came from {} was changed on its way or is another file: its SHA-256 is {}, not {} "
         "({}); it is deleted",
         record.source, record.sha256, wanted, record.checked);
  }
  try {
    events.accept(part.path());
  } catch (const Error& error) {
    part.remove();
    throw Error(error.code(),
                fmt::format("what came from {} is deleted: {}", record.source, error.message()));
  }
}

}  // namespace

Downloaded download(const DownloadRequest& request, const DownloadEvents& events) {
  if (auto there = already_there(request, events)) return *there;
  make_folder(request.path);
  PartFile part(request.path, [&] {
    events.notice("another process is downloading the same file: waiting for it");
  });
  if (auto there = already_there(request, events)) return *there;
  Downloaded out;
  std::string address;
  out.record.sha256 = fetch_from_any(request, events, part, address);
  out.record.file = fs::path(request.path).filename().string();
  out.record.source = shown_address(address);
  out.record.bytes = part.size();
  out.record.date = utc_now();
  out.record.licence = request.licence;
  out.record.terms = request.terms;
  if (!request.sha256.empty()) {
    out.record.checked = request.sha256_from;
  } else if (!part.origin().sha256.empty()) {
    out.record.checked = "stated by the server";
  }
  check(request, events, part, out.record);
  write_record(record_path(request.path), out.record);
  part.commit();
  return out;
}

}  // namespace mobileclip
