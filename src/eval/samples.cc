#include "eval/samples.h"

#include <charconv>

#include "base/error.h"
#include "base/mapped_file.h"
#include "data/npy.h"
#include "data/shard_reasons.h"
#include "download/sha256.h"
#include "eval/class_files.h"
#include "eval/groups.h"

namespace mobileclip::eval {
namespace {

constexpr size_t kMaxImage = size_t{64} << 20;

const std::string* member(const Sample& sample, const char* name) {
  const auto found = sample.members.find(name);
  return found == sample.members.end() ? nullptr : &found->second;
}

const std::string& needed(const Sample& sample, const char* name, const std::string& where) {
  const std::string* bytes = member(sample, name);
  if (bytes == nullptr) fail(ErrorCode::kDamaged, "{}: there is no .{}", where, name);
  return *bytes;
}

int64_t parse_label(const std::string& text, const std::string& where) {
  const std::vector<std::string> lines = class_lines(text);
  int64_t label = -1;
  const std::string word = lines.empty() ? "" : lines.front();
  const auto result = std::from_chars(word.data(), word.data() + word.size(), label);
  if (lines.size() != 1 || result.ec != std::errc() || result.ptr != word.data() + word.size() ||
      label < 0) {
    fail(ErrorCode::kDamaged, "{}: the .cls is no class number: {}", where, quote(text, 40));
  }
  return label;
}

/// One caption a line; a line end inside a caption is written as the two characters \n.
std::vector<std::string> parse_captions(const std::string& text) {
  std::vector<std::string> out;
  for (const std::string& line : class_lines(text)) {
    std::string caption;
    for (size_t i = 0; i < line.size(); ++i) {
      const bool line_end = line[i] == '\\' && i + 1 < line.size() && line[i + 1] == 'n';
      caption += line_end ? '\n' : line[i];
      i += line_end ? 1 : 0;
    }
    if (!caption.empty()) out.push_back(std::move(caption));
  }
  return out;
}

std::string file_name(const std::string& key) { return key.substr(key.rfind('/') + 1); }

}  // namespace

Needs needs_of(const DatasetFiles& dataset) {
  Needs needs;
  needs.group_columns = group_columns(dataset.key);
  if (dataset.evaluator == Evaluator::kMultilabel) {
    needs.group_columns = dataset.class_names.size();
  }
  needs.label =
      dataset.evaluator == Evaluator::kClassification || dataset.evaluator == Evaluator::kGroups;
  needs.captions = dataset.evaluator == Evaluator::kRetrieval;
  needs.instances = dataset.evaluator == Evaluator::kWinogavil;
  return needs;
}

EvalSample check_sample(const Sample& sample, const Needs& needs, const std::string& shard) {
  const std::string where = fmt::format("{}: {}", shard, quote(sample.key));
  EvalSample out;
  out.key = needs.instances ? file_name(sample.key) : sample.key;
  for (const char* extension : {"webp", "png", "jpg", "jpeg"}) {
    const std::string* image = member(sample, extension);
    if (image == nullptr) continue;
    out.image = *image;
    break;
  }
  if (needs.instances && out.image.empty()) {
    out.instance = needed(sample, "json", where);
    return out;
  }
  if (out.image.empty()) {
    fail(ErrorCode::kDamaged, "{}: there is no .webp, .png, .jpg or .jpeg with bytes", where);
  }
  if (needs.label) out.label = parse_label(needed(sample, "cls", where), where);
  if (needs.captions) out.captions = parse_captions(needed(sample, "txt", where));
  if (needs.group_columns > 0) {
    out.groups = read_npy_integers(needed(sample, "npy", where), where);
    if (out.groups.size() < needs.group_columns) {
      fail(ErrorCode::kDamaged, "{}: the .npy has {} values, at least {} are expected", where,
           out.groups.size(), needs.group_columns);
    }
    out.groups.resize(needs.group_columns);
  }
  return out;
}

struct SampleReader::Impl {
  const Shard& shard;
  Needs needs;
  std::optional<ShardReader> tar;
  size_t next_file = 0;
  Sha256 files_sum;

  std::optional<EvalSample> next_of_tar() {
    const std::optional<Sample> sample = tar->next();
    for (const std::string_view reason : {kSkippedTwice, kSkippedTooLarge}) {
      if (tar->report().skipped.contains(std::string(reason))) {
        fail(reason == kSkippedTwice ? ErrorCode::kDamaged : ErrorCode::kTooLarge,
             "{}: a member is {}", shard.tar, reason);
      }
    }
    if (!sample) return std::nullopt;
    return check_sample(*sample, needs, shard.tar);
  }

  std::optional<EvalSample> next_file_of_list() {
    if (next_file == shard.files.size()) return std::nullopt;
    const FileItem& item = shard.files[next_file++];
    EvalSample out{item.key, read_file(item.path, kMaxImage), item.label, {}, item.captions, ""};
    files_sum.update(item.key);
    files_sum.update(out.image);
    return out;
  }
};

SampleReader::SampleReader(const Shard& shard, const Needs& needs)
    : impl_(new Impl{shard, needs, {}, 0, {}}) {
  if (!shard.tar.empty()) impl_->tar.emplace(shard.tar);
}
SampleReader::~SampleReader() = default;

std::optional<EvalSample> SampleReader::next() {
  return impl_->tar ? impl_->next_of_tar() : impl_->next_file_of_list();
}

ShardReport SampleReader::report() const {
  return impl_->tar ? impl_->tar->report() : ShardReport{};
}

std::string SampleReader::sha256() {
  return impl_->tar ? sha256_of_file(impl_->shard.tar) : impl_->files_sum.hex();
}

}  // namespace mobileclip::eval
