/// What is kept beside a downloaded file: where it is from and under which terms.
#ifndef MOBILECLIP_DOWNLOAD_RECORD_H_
#define MOBILECLIP_DOWNLOAD_RECORD_H_

#include <cstdint>
#include <string>

namespace mobileclip {

struct DownloadRecord {
  std::string file;     ///< without its folder
  std::string source;   ///< address, without what may be secret
  std::string sha256;   ///< of the whole file
  std::string checked;  ///< whom the hash was compared with; empty if nobody states one
  uint64_t bytes = 0;
  std::string date;     ///< UTC, ISO 8601
  std::string licence;  ///< name; empty if unknown
  std::string terms;    ///< where the licence can be read
};

/// FOLDER/NAME.licence.json for FOLDER/NAME.pt.
std::string record_path(const std::string& file);
void write_record(const std::string& path, const DownloadRecord& record);
/// The record at `path`; empty fields if there is none that can be read.
DownloadRecord read_record(const std::string& path);
/// Now, as records have it.
std::string utc_now();

}  // namespace mobileclip

#endif  // MOBILECLIP_DOWNLOAD_RECORD_H_
