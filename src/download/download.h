/// A checkpoint from the network into the models folder: whole, checked, with its record.
#ifndef MOBILECLIP_DOWNLOAD_DOWNLOAD_H_
#define MOBILECLIP_DOWNLOAD_DOWNLOAD_H_

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "download/record.h"

namespace mobileclip {

struct DownloadRequest {
  std::vector<std::string> addresses;  ///< https; the next is tried when a server has not the file
  std::string path;                    ///< the final file; its folder is made
  std::string sha256;                  ///< what it must have, 64 lower-case digits; may be empty
  std::string sha256_from;             ///< who says so, for sentences and the record
  std::string licence, terms;          ///< for the record
  std::string ca_file;                 ///< certificates to trust instead of the system's
  int stall_seconds = 60;
};

/// Called on the thread of the caller; all must be set.
struct DownloadEvents {
  /// The server has begun to send: `have` bytes were here before; `total` is 0 if it is not said.
  std::function<void(uint64_t have, uint64_t total)> started;
  std::function<void(uint64_t have, uint64_t total)> progress;
  std::function<void(const std::string& sentence)> notice;
  /// Throws if the whole file at `path` is not what was wanted; what came is then deleted.
  std::function<void(const std::string& path)> accept;
};

struct Downloaded {
  DownloadRecord record;
  bool already_there = false;
};

/// Downloads, or goes on with what an earlier run left in PATH.part, and records it in
/// NAME.licence.json. A file that is there already is compared with its record and not fetched
/// again; one without a record must please `accept`, stays if it does not, and gets its record. Two
/// processes may do the same at once: the second waits. Errors: kDamaged for a wrong size or hash
/// (the file is deleted), kNotFound, kIo, kNoSpace, kTooLarge and whatever `accept` throws.
Downloaded download(const DownloadRequest& request, const DownloadEvents& events);

}  // namespace mobileclip

#endif  // MOBILECLIP_DOWNLOAD_DOWNLOAD_H_
