#include "cli/embedding_file.h"

#include <fmt/format.h>

#include "cli/args.h"
#include "cli/command.h"
#include "cli/json.h"

namespace mobileclip::cli {
namespace {

constexpr size_t kHeaderSize = 128;  // one size for any number of rows

bool is_npy(const std::string& path) {
  if (path.ends_with(".npy")) return true;
  if (path.ends_with(".jsonl")) return false;
  throw UsageError(fmt::format("-o {}: the name must end in .npy or .jsonl", quote(path)));
}

}  // namespace

EmbeddingFile::EmbeddingFile(const std::string& path)
    : npy_(is_npy(path)), stem_(path.substr(0, path.rfind('.'))), out_(path) {
  if (npy_) ids_ = std::make_unique<AtomicFile>(stem_ + ".ids.txt");
}

std::string EmbeddingFile::header() const {
  const std::string dictionary =
      fmt::format("{{'descr': '<f4', 'fortran_order': False, 'shape': ({}, {}), }}", rows_, dim_);
  std::string out = "\x93NUMPY\x01";
  out += '\0';
  const size_t size = kHeaderSize - 10;
  out += static_cast<char>(size & 0xFF);
  out += static_cast<char>(size >> 8);
  out += dictionary;
  out.resize(kHeaderSize - 1, ' ');
  return out + "\n";
}

void EmbeddingFile::start(size_t dim) {
  dim_ = dim;
  if (npy_) out_.write(header());
}

void EmbeddingFile::add(const std::string& id, std::span<const float> embedding) {
  ++rows_;
  if (npy_) {
    out_.write({reinterpret_cast<const char*>(embedding.data()), embedding.size_bytes()});
    ids_->write(json_string(id) + "\n");
    return;
  }
  std::string line = fmt::format("{{\"id\":{},\"embedding\":[", json_string(id));
  for (size_t i = 0; i < embedding.size(); ++i) {
    if (i != 0) line += ',';
    line += json_number(embedding[i]);
  }
  out_.write(line + "]}\n");
}

void EmbeddingFile::add_error(const std::string& id, const Error& error) {
  const std::string line =
      fmt::format("{{\"id\":{},\"error\":{}}}\n", json_string(id), error_json(error));
  if (!npy_) return out_.write(line);
  if (errors_ == nullptr) errors_ = std::make_unique<AtomicFile>(stem_ + ".errors.jsonl");
  errors_->write(line);
}

void EmbeddingFile::finish() {
  if (!npy_) return out_.commit();
  out_.overwrite(0, header());
  std::vector<AtomicFile*> files = {ids_.get()};
  std::vector<std::string> gone;
  if (errors_ != nullptr) {
    files.push_back(errors_.get());
  } else {
    gone.push_back(stem_ + ".errors.jsonl");  // of an earlier run
  }
  files.push_back(&out_);
  AtomicFile::commit_together(files, gone);
}

}  // namespace mobileclip::cli
