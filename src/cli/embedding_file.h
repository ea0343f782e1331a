/// Where embeddings go: a NumPy array with its ids, or JSON lines. Whole or not at all.
#ifndef MOBILECLIP_CLI_EMBEDDING_FILE_H_
#define MOBILECLIP_CLI_EMBEDDING_FILE_H_

#include <memory>
#include <span>
#include <string>
#include <vector>

#include "base/atomic_file.h"
#include "base/error.h"

namespace mobileclip::cli {

/// OUT.npy: float32, C order, a row for each item that was served; beside it OUT.ids.txt, one JSON
/// string a line, and OUT.errors.jsonl if any failed. OUT.jsonl: one object for each item. Files
/// appear under their names on finish() only; an old OUT.errors.jsonl goes when nothing failed.
/// Files beside OUT.npy are its own: while they change there is none, and a failure brings back the
/// old ones.
class EmbeddingFile {
 public:
  /// UsageError unless the name ends in .npy or .jsonl; kIo if it cannot be written.
  explicit EmbeddingFile(const std::string& path);
  void start(size_t dim);
  void add(const std::string& id, std::span<const float> embedding);
  void add_error(const std::string& id, const Error& error);
  void finish();

 private:
  std::string header() const;
  bool npy_;
  std::string stem_;
  size_t dim_ = 0;
  size_t rows_ = 0;
  AtomicFile out_;
  std::unique_ptr<AtomicFile> ids_, errors_;
};

}  // namespace mobileclip::cli

#endif  // MOBILECLIP_CLI_EMBEDDING_FILE_H_
